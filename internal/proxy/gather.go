// SPDX-License-Identifier: MIT

package proxy

import (
	"errors"
	"io"
	"runtime/debug"
)

// errTooLarge is a message above the size limit.
var errTooLarge = errors.New("larger than the message limit")

// largestPart is how big one piece of memory of a gather grows.
const largestPart = 1 << 20

// largeMessage is from what size on the memory of a message is handed back to
// the system at once, instead of some minutes later.
const largeMessage = 4 << 20

// giveBack is called when nothing refers to a message of n bytes, or to what
// it was put together from, any more.
func giveBack(n int) {
	if n >= largeMessage {
		debug.FreeOSMemory()
	}
}

// gather collects a message that arrives in pieces. It keeps pieces and joins
// them once, so that a message of n bytes needs at most 2n and leaves none of
// the garbage of a buffer that doubles.
type gather struct {
	limit int // of the whole, in bytes
	size  int
	parts [][]byte
}

// add copies p to the end. It reports false when the whole would exceed the
// limit, and then keeps what it had.
func (g *gather) add(p []byte) bool {
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

// grow adds a part with room for want bytes: for the first exactly that and
// the one byte that a line end takes, for the next as much again as there is.
func (g *gather) grow(want int) {
	n := want + 1
	if len(g.parts) > 0 {
		n = max(min(g.size, largestPart), want)
	}
	g.parts = append(g.parts, make([]byte, 0, n))
}

// take returns what was collected, in one slice with room for one more byte,
// and leaves g empty.
func (g *gather) take() []byte {
	parts, size := g.parts, g.size
	g.parts, g.size = nil, 0
	if len(parts) == 1 {
		return parts[0]
	}
	whole := make([]byte, 0, size+1)
	for i, p := range parts {
		whole = append(whole, p...)
		parts[i] = nil
	}
	return whole
}

// readAll reads r to its end. expect is the number of bytes it announced, or
// -1; no more than limit are read.
func readAll(r io.Reader, expect int64, limit int) ([]byte, error) {
	if expect > int64(limit) {
		return nil, errTooLarge
	}
	if expect >= 0 {
		body := make([]byte, expect+1)
		n, err := io.ReadFull(r, body)
		switch {
		case err == nil:
			return nil, errTooLarge // more than announced: net/http does not let that through
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && int64(n) == expect:
			return body[:n], nil
		}
		return nil, err
	}
	g := gather{limit: limit}
	buf := make([]byte, 8<<10)
	for {
		n, err := r.Read(buf)
		if !g.add(buf[:n]) {
			return nil, errTooLarge
		}
		if err == io.EOF {
			return g.take(), nil
		}
		if err != nil {
			return nil, err
		}
	}
}
