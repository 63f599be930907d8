// SPDX-License-Identifier: MIT

package front

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// connections are those that the server has open. Until its caller is known, a
// connection counts for the address it came from; from loopback, where tailscaled
// delivers with userspace networking, that would be everybody's, so there those
// whose caller is not known have one limit together.
type connections struct {
	limits  Limits
	limited func(limit string)

	mu    sync.Mutex
	links map[net.Conn]*link
	// byAddr counts the links of an address.
	byAddr       map[netip.Addr]int
	idle         int
	unidentified int // from loopback
}

// link is one connection. Its fields but over are guarded by connections.mu.
type link struct {
	conn net.Conn
	addr netip.Addr // invalid for the watchdog's probe, which has no limit
	// over is set, before anything is served, on a connection that is to be told
	// that there are too many.
	over   bool
	share  *share // nil until its caller is identified
	limit  int    // that of the caller when the connection was counted
	asking bool   // its request is here, and its caller is being identified
	idle   bool
	since  time.Time // when it was opened, or became idle
	closed bool
}

func newConnections(l Limits, limited func(string)) *connections {
	return &connections{limits: l, limited: limited, links: map[net.Conn]*link{}, byAddr: map[netip.Addr]int{}}
}

type linkKey struct{}

func linkOf(ctx context.Context) *link {
	l, _ := ctx.Value(linkKey{}).(*link)
	return l
}

// open takes a new connection in, as http.Server.ConnContext.
func (c *connections) open(ctx context.Context, conn net.Conn) context.Context {
	l := &link{conn: conn, since: time.Now()}
	if remote, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		l.addr = remote.Addr().Unmap()
	}
	c.mu.Lock()
	var out *link
	if l.addr.IsValid() && c.limits.Connections >= 0 {
		out = c.crowded(l)
	}
	c.links[conn] = l
	c.byAddr[l.addr]++
	if c.waiting(l) {
		c.unidentified++
	}
	if out != nil {
		out.closed = true // before anybody else can choose it
	}
	c.mu.Unlock()
	c.hangUp(out, limitConnections)
	return context.WithValue(ctx, linkKey{}, l)
}

// crowded decides who has to go when l comes, if anybody; c.mu is held.
func (c *connections) crowded(l *link) (out *link) {
	if l.addr.IsLoopback() {
		if c.unidentified >= mostUnidentified {
			if silent := c.longest(func(o *link) bool { return c.waiting(o) && !o.asking }); silent != nil {
				return silent
			}
			return l
		}
	} else {
		n := c.byAddr[l.addr] + 1
		l.over = over(n, c.limits.Connections)
		if over(n, c.limits.Connections+spare) {
			return l
		}
	}
	if len(c.links) < mostConnections {
		return nil
	}
	return c.ofHog(l, func(*link) bool { return true })
}

// ofHog returns the connection that goes when the process has too many of a kind:
// the longest idle of whoever has most of them. When none of those is idle it is l,
// if it is that caller's own, else the oldest. When nobody has more than the others,
// those go first whose caller is not known; c.mu is held.
func (c *connections) ofHog(l *link, kind func(*link) bool) *link {
	hog := l.owner()
	counts := map[any]int{hog: 1}
	for _, other := range c.links {
		if o := other.owner(); other != l && kind(other) {
			if counts[o]++; counts[o] > counts[hog] {
				hog = o
			}
		}
	}
	if counts[hog] == 1 {
		if unknown := c.longest(func(o *link) bool { return kind(o) && o.share == nil && !o.asking }); unknown != nil {
			return unknown
		}
	}
	of := func(o *link) bool { return kind(o) && o.owner() == hog }
	if idle := c.longest(func(o *link) bool { return o.idle && of(o) }); idle != nil {
		return idle
	}
	if hog == l.owner() {
		return l
	}
	return c.longest(of)
}

// owner is whom l counts for: its caller, else its address.
func (l *link) owner() any {
	if l.share != nil {
		return l.share
	}
	return l.addr
}

// longest returns the link that has been as it is for longest; c.mu is held.
func (c *connections) longest(which func(*link) bool) (found *link) {
	for _, l := range c.links {
		if !l.closed && which(l) && (found == nil || l.since.Before(found.since)) {
			found = l
		}
	}
	return found
}

// waiting reports whether l is from loopback and its caller not known yet.
func (c *connections) waiting(l *link) bool { return l.addr.IsLoopback() && l.share == nil }

// hangUp closes a connection with a reset: an orderly end would keep the socket.
func (c *connections) hangUp(l *link, limit string) {
	if l == nil {
		return
	}
	if tcp, ok := l.conn.(interface{ SetLinger(sec int) error }); ok {
		_ = tcp.SetLinger(0)
	}
	_ = l.conn.Close()
	c.limited(limit)
}

// asking notes that the request of a connection is here: it is not one that says
// nothing, and does not give way to newer ones.
func (c *connections) asking(l *link) {
	if l == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	l.asking = true
}

// identified notes whose connection l is, and reports whether the caller may have
// as many. A connection without a link, as of a test's recorder, has no limit.
func (c *connections) identified(l *link, s *share) bool {
	if l == nil {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	limit := s.most().Connections
	if l.share == s {
		// One too many is refused when it comes. Those that were within the limit
		// stay, unless the caller has lost its grants since.
		if l.limit == limit {
			return true
		}
		l.limit = limit
		return s.connect(0)
	}
	if c.waiting(l) {
		c.unidentified--
	}
	if l.share != nil {
		l.share.connect(-1) // the address has gone to another node
	}
	l.share, l.limit = s, limit
	return s.connect(1)
}

// change follows the state of a connection, as http.Server.ConnState.
func (c *connections) change(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	l := c.links[conn]
	if l == nil {
		c.mu.Unlock()
		return
	}
	var out *link
	switch state {
	case http.StateIdle:
		l.idle, l.since = true, time.Now()
		if c.idle++; c.idle > mostIdle {
			out = c.ofHog(l, func(o *link) bool { return o.idle })
		}
	case http.StateActive:
		c.awake(l)
	case http.StateClosed, http.StateHijacked:
		c.awake(l)
		c.forget(l)
	}
	if out != nil {
		out.closed = true
	}
	c.mu.Unlock()
	c.hangUp(out, limitIdle)
}

func (c *connections) awake(l *link) {
	if l.idle {
		l.idle = false
		c.idle--
	}
}

// forget gives back what a connection took; c.mu is held.
func (c *connections) forget(l *link) {
	delete(c.links, l.conn)
	if c.byAddr[l.addr]--; c.byAddr[l.addr] == 0 {
		delete(c.byAddr, l.addr)
	}
	if c.waiting(l) {
		c.unidentified--
	}
	if l.share != nil {
		l.share.connect(-1)
	}
}

func (c *connections) count(s *Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Connections, s.Idle, s.Unidentified = len(c.links), c.idle, c.unidentified
}
