// SPDX-License-Identifier: MIT

package remote

import (
	"context"
	"errors"
	"io"

	"tailscale-mcp/internal/upstream/frame"
)

// errEndless is the end of a stream that goes on without a message, and errNoRoom that of a
// message for which there is no room at the time.
var (
	errEndless = errors.New("it goes on and on without a message")
	errNoRoom  = errors.New("too many long answers are being read at the same time")
)

// meter bounds what is read between two messages: only a few of those that are large are
// read at the same time, and what never becomes one ends.
type meter struct {
	l    *link
	ctx  context.Context
	from io.Reader
	n    int
	held bool
}

func (l *link) meter(ctx context.Context, from io.Reader) *meter {
	return &meter{l: l, ctx: ctx, from: from}
}

// Read implements io.Reader.
func (m *meter) Read(b []byte) (int, error) {
	if m.n > largeSize && !m.held {
		select {
		case m.l.large <- struct{}{}:
			m.held = true
		case <-m.ctx.Done():
			return 0, m.ctx.Err()
		}
	}
	if m.n > frame.MaxLine+mostNoise {
		return 0, errEndless
	}
	n, err := m.from.Read(b)
	if !m.l.take(n) {
		return 0, errNoRoom
	}
	m.n += n
	return n, err
}

// next begins the next message.
func (m *meter) next() {
	m.l.give(m.n)
	m.n = 0
	if m.held {
		m.held = false
		<-m.l.large
	}
}

// take takes room for n bytes, and reports whether there is any.
func (l *link) take(n int) bool {
	l.roomMu.Lock()
	defer l.roomMu.Unlock()
	return l.room == nil || l.room.Take(n)
}

func (l *link) give(n int) {
	l.roomMu.Lock()
	defer l.roomMu.Unlock()
	if l.room != nil {
		l.room.Give(n)
	}
}
