// SPDX-License-Identifier: MIT

package identity

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"time"

	"tailscale.com/net/tsaddr"

	"tailscale-mcp/internal/caller"
)

// mostKept bounds the answers that are kept, those too old to be used included.
const mostKept = 4096

// lookups coalesces the questions about one peer and keeps each answer for at
// most maxAge, counted from when the question was asked: that is the youngest
// moment the answer is certainly true for.
type lookups struct {
	ask    func(context.Context, netip.AddrPort) (caller.Caller, error)
	maxAge time.Duration

	mu      sync.Mutex
	entries map[netip.Addr]*lookup
}

// lookup is one question, answered when done is closed.
type lookup struct {
	asked time.Time
	done  chan struct{}

	c   caller.Caller
	err error
}

// shared reports whether one answer may serve several requests. A Tailscale
// address says who is there, whatever the port. Elsewhere (userspace
// networking, where tailscaled dials from loopback) only the port does, and only
// while that one connection lasts: any local account may be the next to get the
// port, so every request asks for itself.
func (l *lookups) shared(remote netip.AddrPort) bool {
	return l.maxAge > 0 && tsaddr.IsTailscaleIP(remote.Addr())
}

func (l *lookups) get(ctx context.Context, remote netip.AddrPort) (caller.Caller, error) {
	if !l.shared(remote) {
		return l.ask(ctx, remote)
	}
	k := remote.Addr()
	l.mu.Lock()
	e := l.entries[k]
	if e == nil || time.Since(e.asked) >= l.maxAge {
		e = &lookup{asked: time.Now(), done: make(chan struct{})}
		l.keep(k, e)
		// The answer is for everybody who waits: one of them hanging up must
		// not fail the others.
		go l.fill(context.WithoutCancel(ctx), k, e, remote)
	}
	l.mu.Unlock()
	select {
	case <-e.done:
		return e.c, e.err
	case <-ctx.Done():
		return caller.Caller{}, ctx.Err()
	}
}

func (l *lookups) fill(ctx context.Context, k netip.Addr, e *lookup, remote netip.AddrPort) {
	e.c, e.err = l.ask(ctx, remote)
	close(e.done)
	// "I could not ask" is no answer: the next request asks again.
	if errors.Is(e.err, ErrUnavailable) {
		l.mu.Lock()
		if l.entries[k] == e {
			delete(l.entries, k)
		}
		l.mu.Unlock()
	}
}

// keep stores e, and makes room first by dropping what is too old to be used.
func (l *lookups) keep(k netip.Addr, e *lookup) {
	if len(l.entries) >= mostKept {
		for other, old := range l.entries {
			if time.Since(old.asked) >= l.maxAge {
				delete(l.entries, other)
			}
		}
		if len(l.entries) >= mostKept {
			clear(l.entries)
		}
	}
	if l.entries == nil {
		l.entries = map[netip.Addr]*lookup{}
	}
	l.entries[k] = e
}
