// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"bytes"
	"errors"
	"io"
	"runtime/debug"
)

// ErrTooLarge is the error of a message above the size limit.
var ErrTooLarge = errors.New("larger than the message limit")

// largestPart is the size, in bytes, up to which a part of chunks grows.
const largestPart = 1 << 20

// largeMessage is the size, in bytes, from which the memory of a message is given
// back to the system at once, instead of some minutes later.
const largeMessage = 4 << 20

// GiveBack returns the memory of a large message to the system. Call it once
// nothing refers to the message of n bytes or to its parts any more.
func GiveBack(n int) {
	if n >= largeMessage {
		debug.FreeOSMemory()
	}
}

// chunks collects a message that arrives in pieces. It keeps the pieces and joins
// them once: a message of n bytes needs at most 2n bytes of memory, and no buffer
// that doubles leaves garbage behind.
type chunks struct {
	limit int // of the whole, in bytes
	size  int
	parts [][]byte
}

// add copies p to the end. It reports false, and adds nothing, if the message would
// exceed the limit.
func (g *chunks) add(p []byte) bool {
	if g.size+len(p) > g.limit {
		return false
	}
	g.size += len(p)
	for len(p) > 0 {
		if len(g.parts) == 0 || cap(g.parts[len(g.parts)-1])-len(g.parts[len(g.parts)-1]) == 0 {
			g.grow(len(p))
		}
		last := &g.parts[len(g.parts)-1]
		n := min(len(p), cap(*last)-len(*last))
		*last = append(*last, p[:n]...)
		p = p[n:]
	}
	return true
}

// grow adds a part with room for at least want bytes. The first part has one byte
// more, for a line end; each further one doubles the whole.
func (g *chunks) grow(want int) {
	n := want + 1
	if len(g.parts) > 0 {
		n = max(min(g.size, largestPart), want)
	}
	g.parts = append(g.parts, make([]byte, 0, n))
}

// take returns the message in one slice with room for one more byte, and leaves g
// empty.
func (g *chunks) take() []byte {
	parts, size := g.parts, g.size
	g.parts, g.size = nil, 0
	if len(parts) == 1 {
		return parts[0]
	}
	return bytes.Join(append(parts, []byte{0}), nil)[:size] // which clears no memory that it fills
}

// ReadAll reads r to its end. expect is the number of bytes that the sender
// announced, or -1. Its error is ErrTooLarge for more than limit bytes, or the error
// of r.
func ReadAll(r io.Reader, expect int64, limit int) ([]byte, error) {
	if expect > int64(limit) {
		return nil, ErrTooLarge
	}
	if expect >= 0 {
		body := make([]byte, expect+1)
		n, err := io.ReadFull(r, body)
		switch {
		case err == nil:
			return nil, ErrTooLarge // more than announced: net/http does not let that through
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && int64(n) == expect:
			return body[:n], nil
		}
		return nil, err
	}
	g := chunks{limit: limit}
	buf := make([]byte, 8<<10)
	for {
		n, err := r.Read(buf)
		if !g.add(buf[:n]) {
			return nil, ErrTooLarge
		}
		if err == io.EOF {
			return g.take(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}
