// SPDX-License-Identifier: MIT

package frame

import (
	"encoding/binary"
	"errors"
	"io"
)

// Writer is the launcher's side. Its methods are called one after the other: NewWriter
// has written the hello, ReadFrom follows for the data, End is the last.
type Writer struct {
	w   io.Writer
	buf []byte
}

// NewWriter writes the hello with the invocation id, which is empty where there is none.
func NewWriter(w io.Writer, invocation string) (*Writer, error) {
	if invocation != "" && !isInvocation(invocation) {
		return nil, errors.New("the invocation id is not 32 hexadecimal digits")
	}
	f := &Writer{w: w}
	return f, f.frame(hello, []byte{version}, []byte(invocation))
}

// ReadFrom writes what it reads from r as data, in frames of at most 64 KiB, until r ends, and
// returns how much that was. The error is that of writing; that of r is not told.
func (f *Writer) ReadFrom(r io.Reader) (written int64, err error) {
	buf := make([]byte, headerSize+maxData) // room for the header, so that nothing is copied
	for more := true; more; {
		n, ended := r.Read(buf[headerSize:])
		if more = ended == nil; n == 0 {
			continue
		}
		buf[0] = data
		binary.BigEndian.PutUint32(buf[1:], uint32(n))
		if _, err := f.w.Write(buf[:headerSize+n]); err != nil {
			return written, err
		}
		written += int64(n)
	}
	return written, nil
}

// End says how the server ended; of stderr only the last MaxStderr bytes go over.
func (f *Writer) End(e End) error {
	var head [endHead]byte
	head[0] = byte(e.Outcome)
	binary.BigEndian.PutUint32(head[1:], uint32(int32(e.Status)))
	return f.frame(end, head[:], e.Stderr[max(0, len(e.Stderr)-MaxStderr):])
}

// frame writes a frame by one call, so that it is not delayed half-way.
func (f *Writer) frame(kind byte, head, body []byte) error {
	f.buf = append(f.buf[:0], kind)
	f.buf = binary.BigEndian.AppendUint32(f.buf, uint32(len(head)+len(body)))
	f.buf = append(append(f.buf, head...), body...)
	_, err := f.w.Write(f.buf)
	return err
}

func isInvocation(id string) bool {
	if len(id) != invocationSize {
		return false
	}
	for i := range len(id) {
		if c := id[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
