// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tailscale.com/client/local"
)

const (
	// refreshEvery is how often the route is found anew, whatever happens.
	refreshEvery = 30 * time.Second
	// retryAfter is how soon after the last time the route is found anew because a
	// connection failed.
	retryAfter = 500 * time.Millisecond
)

// Route is one way to the server, with the identity that is shown over it. It does
// not change, and has connections of its own: a name that comes to mean another host
// makes another route, so that the identity never reaches that host.
type Route struct {
	Transport *http.Transport
	way       way
	addrs     []netip.Addr // of the server, each a node's; none when direct
	Identity  http.Header  // headers of every request; none on a direct way, unless the host is allowed by name
	Note      string       // why the route is direct, for a person; "" when that needs no reason
	Refused   error        // why no request may be sent; nil if it may
	unsettled bool         // tailscaled is not connected, which may change at any moment
	suspect   atomic.Bool  // a connection failed
}

// doubtful reports whether the route has to be found anew before its next use.
func (rt *Route) doubtful() bool { return rt.unsettled || rt.suspect.Load() }

// Doubt makes the route be found anew before its next use.
func (rt *Route) Doubt() { rt.suspect.Store(true) }

type way uint8

const (
	direct    way = iota // as the system connects
	kernel               // the system connects, to addresses of the tailnet
	userspace            // tailscaled connects: it runs without a network device
)

// Router finds the route to one server and keeps it up to date. Its methods may be
// called at the same time.
type Router struct {
	base context.Context // of questions: callers share the answers
	host string
	port uint16
	lc   *local.Client // nil: no tailscaled is asked
	log  *slog.Logger

	required bool // nothing is sent but to a node of the tailnet
	allowed  bool // the host may be told the identity, whatever it is
	timeout  time.Duration
	maxIdle  int

	// Resolve and Dial do what the system does. They may be replaced before Keep.
	Resolve func(ctx context.Context, host string) ([]netip.Addr, error) // the system's resolver
	Dial    func(ctx context.Context, network, addr string) (net.Conn, error)

	cur   atomic.Pointer[Route]
	mu    sync.Mutex // held while asking
	asked time.Time
}

// Keep finds the route, and then finds it anew every 30 seconds until the context of
// the router is done.
func (r *Router) Keep() {
	r.Pick()
	if r.lc == nil {
		return
	}
	t := time.NewTicker(refreshEvery)
	defer t.Stop()
	for {
		select {
		case <-r.base.Done():
			return
		case <-t.C:
			r.Refresh()
		}
	}
}

// Pick returns the route to use now. It waits for tailscaled only if there is no route
// yet, or if the last one is doubtful.
func (r *Router) Pick() *Route {
	if rt := r.cur.Load(); rt != nil && !rt.doubtful() {
		return rt
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	rt := r.cur.Load()
	if rt == nil || rt.doubtful() && time.Since(r.asked) > retryAfter {
		r.ask()
	}
	return r.cur.Load()
}

// Refresh finds the route anew, however old the one in use is.
func (r *Router) Refresh() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ask()
}

// ask finds the route anew, and keeps the connections that the new route may use. The
// caller holds r.mu.
func (r *Router) ask() {
	old := r.cur.Load()
	rt := r.find(r.base)
	rt.Refused = r.refusal(rt)
	if r.base.Err() != nil { // what could not be asked any more says nothing
		if old == nil {
			rt.Transport = r.transport(rt)
			r.cur.Store(rt)
		}
		return
	}
	r.asked = time.Now()
	switch {
	case old != nil && old.way == rt.way && slices.Equal(old.addrs, rt.addrs):
		rt.Transport = old.Transport
	default:
		rt.Transport = r.transport(rt)
	}
	r.cur.Store(rt)
	if old != nil && old.Transport != rt.Transport {
		old.Transport.CloseIdleConnections()
	}
	switch changed := old == nil || old.Note != rt.Note; {
	case rt.Refused != nil && changed:
		r.log.Error("no request is sent", "reason", rt.Refused)
	case rt.Refused != nil:
	case rt.Note != "" && rt.Identity == nil && changed:
		r.log.Warn("identity headers are not sent", "reason", rt.Note)
	}
	if rt.way != direct && (old == nil || old.way != rt.way || !slices.Equal(old.addrs, rt.addrs)) {
		r.log.Info("server is a node of the tailnet", "addresses", rt.addrs, "userspace", rt.way == userspace,
			"user", rt.Identity.Get(headerUser), "node", rt.Identity.Get(headerNode), "tags", rt.Identity.Get(headerTags))
	}
}

// Close ends idle connections.
func (r *Router) Close() {
	if rt := r.cur.Load(); rt != nil {
		rt.Transport.CloseIdleConnections()
	}
}
