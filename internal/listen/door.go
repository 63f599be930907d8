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

// door lets in the connections that come from the tailnet to an address of this
// node, and shuts those out whose address is no longer.
type door struct {
	log  *slog.Logger
	peer func(netip.Addr) bool // reports an address that a peer can have

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
	return &door{log: log, peer: isPeer, inside: make(map[*conn]struct{})}
}

// conn is an accepted connection. It embeds *net.TCPConn rather than net.Conn:
// net/http needs its CloseWrite to get an early refusal through to a client that
// is still sending.
type conn struct {
	*net.TCPConn
	door   *door
	local  netip.Addr
	remote netip.Addr
}

// Close closes the connection and forgets it.
func (c *conn) Close() error {
	c.door.leave(c)
	return c.TCPConn.Close()
}

// enter admits tcp or closes it.
func (d *door) enter(tcp *net.TCPConn) (*conn, bool) {
	c := &conn{TCPConn: tcp, door: d, local: addrPort(tcp.LocalAddr()).Addr(), remote: addrPort(tcp.RemoteAddr()).Addr()}
	d.mu.Lock()
	ok := d.admits(c.local, c.remote)
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
		d.log.LogAttrs(context.Background(), slog.LevelWarn, "connection refused: it was not made from a Tailscale address to one of this node's",
			slog.Any("local", tcp.LocalAddr()), slog.Any("remote", tcp.RemoteAddr()), slog.Uint64("refused_so_far", refused))
	}
	if !ok {
		hangUp(tcp)
	}
	return c, ok
}

// isPeer reports whether a node can have the address.
func isPeer(addr netip.Addr) bool {
	return tsaddr.IsTailscaleIP(addr) && !tsaddr.TailscaleViaRange().Contains(addr)
}

// admits decides about the two addresses of a connection; the caller holds mu.
//
// With a network device every peer comes from its own Tailscale address. Who comes
// from another is a neighbour who sends to the Tailscale address over the LAN, or
// a device behind a subnet router that does not translate: no node of the tailnet,
// so that tailscaled could not name it. It is not asked, because it looks for such
// an address for 0.2 s and holds up everybody else meanwhile. A 4via6 address is a
// Tailscale address, but no node's, and whoever may send from one may from thousands.
//
// With userspace networking tailscaled dials loopback from loopback, and nobody
// else can send from there. Until that is known the rule is that for a device.
func (d *door) admits(local, remote netip.Addr) bool {
	if d.loop && local.IsLoopback() {
		return remote.IsLoopback()
	}
	if !d.peer(remote) {
		return false
	}
	if !d.known {
		// Nothing is served to such a connection: tailscaled, which has not
		// answered yet, would have to say who is calling.
		return tsaddr.IsTailscaleIP(local)
	}
	return slices.Contains(d.addrs, local)
}

// change takes over what is known now and hangs up on connections that would not
// be let in any more.
func (d *door) change(n node) {
	d.mu.Lock()
	d.known, d.addrs, d.loop = n.known, n.self.Addrs, n.self.Userspace
	var out []*conn
	for c := range d.inside {
		if !d.admits(c.local, c.remote) {
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
		d.log.LogAttrs(context.Background(), slog.LevelInfo, "closed connections that are not between a Tailscale address and one this node has", slog.Int("connections", len(out)))
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
