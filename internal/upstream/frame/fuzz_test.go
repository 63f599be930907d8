// SPDX-License-Identifier: MIT

package frame

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

// FuzzFrames: what a server writes comes through as it is, whatever it is; and what is
// read from anybody ends with an error that says which kind of end it is.
func FuzzFrames(f *testing.F) {
	f.Add(stream(f, invocation, &End{Exited, 0, []byte("tail")}, "hello\n"), []byte("e\x00\x00\x00\x05x\x00\x00\x00\x00"), 3)
	f.Add([]byte("h\x00\x00\x00\x01\x01d\x00\x00\x00\x02a"), []byte("\n\n"), -1)
	f.Fuzz(func(t *testing.T, wire, written []byte, status int) {
		r := NewReader(bytes.NewReader(wire))
		got, err := io.ReadAll(r)
		if err == nil != (r.End() != nil) || err != nil && !errors.Is(err, ErrCut) && !errors.Is(err, ErrSilent) && !errors.Is(err, ErrBroken) || len(got) > len(wire) {
			t.Fatalf("%d bytes, %v, %v", len(got), err, r.End())
		}
		e := End{Exited, int(int32(status)), nil}
		text := stream(t, invocation, &e, string(written), string(written))
		r = NewReader(iotest.HalfReader(bytes.NewReader(text)))
		if got, err = io.ReadAll(r); err != nil || !bytes.Equal(got, append(bytes.Clone(written), written...)) || r.End().Status != e.Status {
			t.Fatalf("%q became %q: %v", written, got, err)
		}
		lines := NewLines(bytes.NewReader(written), 16)
		var all []byte
		for {
			line, err := lines.Next()
			if err != nil {
				break
			}
			text, err := io.ReadAll(line)
			if len(text) > 16 || bytes.IndexByte(text, '\n') >= 0 {
				t.Fatalf("the line %q", text)
			}
			if all = append(all, text...); err == nil {
				all = append(all, '\n')
			} else if errors.Is(err, ErrLong) {
				return
			}
		}
		if !bytes.Equal(all, written) {
			t.Fatalf("lines of %q are %q", written, all)
		}
	})
}
