// SPDX-License-Identifier: MIT

package frame

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"
)

// ErrBroken is wrapped by every error of a stream that is not made of frames.
var ErrBroken = errors.New("this is not what a launcher writes")

// ErrCut is what reading ends with when the launcher was ended before it could say how
// the server ended.
var ErrCut = errors.New("the server was ended together with its launcher")

// ErrSilent is what reading ends with when the launcher never said anything: systemd
// could not start it, or refused the connection.
var ErrSilent = errors.New("the server's unit could not be started: its journal says why")

// Reader is the daemon's side: it reads the server's stdout out of the frames. It holds
// little data of its own.
type Reader struct {
	r          *bufio.Reader
	invocation string
	greeted    bool
	left       uint32 // of the data frame that is being read
	end        *End
	err        error // that reading has ended with
}

// NewReader returns a reader of what a launcher writes to r.
func NewReader(r io.Reader) *Reader { return &Reader{r: bufio.NewReaderSize(r, readAhead)} }

// readAhead is how much is read with the header of a frame, in bytes, so that a short answer
// takes one read. What is longer goes by it.
const readAhead = 4 << 10

// Invocation returns the invocation id of the unit that runs the server; it waits for
// the launcher to say it. It is empty where no unit does.
func (f *Reader) Invocation() (string, error) {
	if !f.greeted && f.err == nil {
		f.err = f.hello()
	}
	if !f.greeted {
		return "", f.err
	}
	return f.invocation, nil
}

// End returns how the server ended, once reading has returned io.EOF; nil before, and
// when the launcher was cut off.
func (f *Reader) End() *End { return f.end }

// Read reads what the server wrote to its stdout. It returns io.EOF when the server has
// ended, [ErrCut] when its launcher was, [ErrSilent] when that never began, and an error
// that wraps [ErrBroken] or comes from the connection otherwise.
func (f *Reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if _, err := f.Invocation(); err != nil {
		return 0, err
	}
	for f.left == 0 {
		if f.err == nil {
			f.err = f.next()
		}
		if f.err != nil {
			return 0, f.err
		}
	}
	n, err := f.r.Read(p[:min(uint32(len(p)), f.left)])
	f.left -= uint32(n)
	if err != nil && (f.left > 0 || !errors.Is(err, io.EOF)) {
		f.left, f.err = 0, cut(err)
		if n == 0 {
			return 0, f.err
		}
	}
	return n, nil
}

// hello reads the first frame.
func (f *Reader) hello() error {
	kind, size, err := f.header()
	if err != nil {
		return err
	}
	if kind != hello || size != 1 && size != 1+invocationSize {
		return fmt.Errorf("%w: it does not begin with a hello", ErrBroken)
	}
	var body [1 + invocationSize]byte
	if _, err := io.ReadFull(f.r, body[:size]); err != nil {
		return cut(err)
	}
	if body[0] != version {
		return fmt.Errorf("%w: version %d is not %d: restart the servers after an upgrade", ErrBroken, body[0], version)
	}
	id := string(body[1:size])
	if id != "" && !isInvocation(id) {
		return fmt.Errorf("%w: the invocation id is none", ErrBroken)
	}
	f.invocation, f.greeted = id, true
	return nil
}

// next reads the header of the next data frame, or the end.
func (f *Reader) next() error {
	kind, size, err := f.header()
	switch {
	case err != nil:
		return err
	case kind == data && size > 0 && size <= maxData:
		f.left = size
		return nil
	case kind == end && size >= endHead && size <= endHead+MaxStderr:
		return f.last(size)
	}
	return fmt.Errorf("%w: a frame of kind %q and %d bytes", ErrBroken, kind, size)
}

// last reads the end frame.
func (f *Reader) last(size uint32) error {
	body := make([]byte, size)
	if _, err := io.ReadFull(f.r, body); err != nil {
		return cut(err)
	}
	e := End{Outcome: Outcome(body[0]), Status: int(int32(binary.BigEndian.Uint32(body[1:])))}
	if e.Outcome != Exited && e.Outcome != Killed && e.Outcome != NotStarted {
		return fmt.Errorf("%w: no outcome is called %q", ErrBroken, body[0])
	}
	if e.Stderr = body[endHead:]; len(e.Stderr) == 0 {
		e.Stderr = nil
	}
	f.end = &e
	return io.EOF
}

func (f *Reader) header() (kind byte, size uint32, err error) {
	var head [headerSize]byte
	if n, err := io.ReadFull(f.r, head[:]); err != nil {
		if err = cut(err); errors.Is(err, ErrCut) && n == 0 && !f.greeted {
			err = ErrSilent
		}
		return 0, 0, err
	}
	return head[0], binary.BigEndian.Uint32(head[1:]), nil
}

// cut is an error of the connection; its mere end, wherever and however it comes, is
// [ErrCut].
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) {
		return ErrCut
	}
	return err
}
