// SPDX-License-Identifier: MIT

package listen

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"tailscale.com/net/tsaddr"
)

// door lets in the connections whose local address is this node's, and shuts
// those out whose address is no longer.
type door struct {
	log *slog.Logger

	mu      sync.Mutex
	known   bool // addrs are this node's addresses
	addrs   []netip.Addr
	loop    bool // loopback counts: userspace networking
	inside  map[*conn]struct{}
	vacant  chan struct{} // closed when nobody is inside any more; nil while nobody waits for that
	refused uint64
	logged  time.Time // when a refusal was last logged
}

// refusalLog is how often a refusal is logged: anybody on a neighbouring network
// can cause them.
const refusalLog = 10 * time.Second

func newDoor(log *slog.Logger) *door {
	return &door{log: log, inside: make(map[*conn]struct{})}
}

// conn is an accepted connection. It embeds *net.TCPConn rather than net.Conn:
// net/http needs its CloseWrite to get an early refusal through to a client that
// is still sending.
type conn struct {
	*net.TCPConn
	door  *door
	local netip.Addr
}

// Close closes the connection and forgets it.
func (c *conn) Close() error {
	c.door.leave(c)
	return c.TCPConn.Close()
}

// enter admits tcp or closes it.
func (d *door) enter(tcp *net.TCPConn) (*conn, bool) {
	c := &conn{TCPConn: tcp, door: d, local: addrPort(tcp.LocalAddr()).Addr()}
	d.mu.Lock()
	ok := d.admits(c.local)
	var refused uint64
	if ok {
		d.inside[c] = struct{}{}
	} else {
		d.refused++
		if now := time.Now(); now.Sub(d.logged) >= refusalLog {
			d.logged, refused = now, d.refused
		}
	}
	d.mu.Unlock()
	if refused > 0 {
		d.log.LogAttrs(context.Background(), slog.LevelWarn, "connection refused: it was not made to a Tailscale address of this node",
			slog.Any("local", tcp.LocalAddr()), slog.Any("remote", tcp.RemoteAddr()), slog.Uint64("refused_so_far", refused))
	}
	if !ok {
		hangUp(tcp)
	}
	return c, ok
}

// admits decides about a local address; the caller holds mu.
func (d *door) admits(addr netip.Addr) bool {
	if d.loop && addr.IsLoopback() {
		return true
	}
	if !d.known {
		// Nothing is served to such a connection: tailscaled, which has not
		// answered yet, would have to say who is calling.
		return tsaddr.IsTailscaleIP(addr)
	}
	return slices.Contains(d.addrs, addr)
}

// change takes over what is known now and hangs up on connections to addresses
// that this node does not have.
func (d *door) change(n node) {
	d.mu.Lock()
	d.known, d.addrs, d.loop = n.known, n.self.Addrs, n.self.Userspace
	var out []*conn
	for c := range d.inside {
		if !d.admits(c.local) {
			out = append(out, c)
			delete(d.inside, c)
		}
	}
	d.left()
	d.mu.Unlock()
	for _, c := range out {
		hangUp(c.TCPConn)
	}
	if len(out) > 0 {
		d.log.LogAttrs(context.Background(), slog.LevelInfo, "closed connections to addresses this node no longer has", slog.Int("connections", len(out)))
	}
}

func (d *door) leave(c *conn) {
	d.mu.Lock()
	delete(d.inside, c)
	d.left()
	d.mu.Unlock()
}

// left tells who waits for it that nobody is inside; the caller holds mu.
func (d *door) left() {
	if len(d.inside) == 0 && d.vacant != nil {
		close(d.vacant)
		d.vacant = nil
	}
}

// empty returns a channel that is closed when nobody is inside.
func (d *door) empty() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.vacant == nil {
		d.vacant = make(chan struct{})
	}
	vacant := d.vacant
	d.left()
	return vacant
}

func (d *door) refusals() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.refused
}

// hangUp closes with a reset: nothing unsent is worth keeping the socket for.
func hangUp(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}
