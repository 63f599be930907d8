// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tailscale.com/client/local"
)

const (
	// refreshEvery is how old what tailscaled said may get.
	refreshEvery = 30 * time.Second
	// retryAfter is how soon a failed connection makes the route be asked for
	// anew.
	retryAfter = 500 * time.Millisecond

	dialTimeout = 10 * time.Second
)

// route is one way to the server, with what may be said over it. It does not
// change: connections of a route go where its identity may be shown, so that a
// name that comes to mean another host never carries the headers there.
type route struct {
	transport *http.Transport
	way       way
	addrs     []netip.Addr // of the server, each a node's; none when direct
	identity  http.Header  // none when direct
	note      string       // why the route is direct, for a person; "" when that needs no reason
	suspect   atomic.Bool  // a connection failed
}

type way uint8

const (
	direct    way = iota // as the system connects, and without identity
	kernel               // the system connects, to addresses of the tailnet
	userspace            // tailscaled connects: it runs without a network device
)

// router finds the route to one server and keeps it up to date.
type router struct {
	base context.Context // of questions: callers share the answers
	host string
	port uint16
	lc   *local.Client // nil: no tailscaled is asked
	log  *slog.Logger

	resolve func(ctx context.Context, host string) ([]netip.Addr, error) // the system's resolver
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)

	cur   atomic.Pointer[route]
	mu    sync.Mutex // held while asking
	asked time.Time
}

func newRouter(ctx context.Context, server *url.URL, lc *local.Client, log *slog.Logger) *router {
	port, err := strconv.ParseUint(server.Port(), 10, 16)
	if err != nil {
		port = 80
		if server.Scheme == "https" {
			port = 443
		}
	}
	d := net.Dialer{
		Timeout: dialTimeout,
		// A peer that is gone is noticed within a minute, also when nothing
		// is being sent: a call may take hours.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 20 * time.Second, Interval: 10 * time.Second, Count: 4},
	}
	r := &router{
		base: ctx,
		host: server.Hostname(),
		port: uint16(port),
		lc:   lc,
		log:  log,
		dial: d.DialContext,
		resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
	}
	if loopback(r.host) {
		r.lc = nil
	}
	return r
}

// loopback reports whether host is this machine without any network.
func loopback(host string) bool {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.IsLoopback()
	}
	return nodeName(host) == "localhost"
}

// keep asks for the route and then again before what is known gets too old,
// until the base context is done.
func (r *router) keep() {
	r.pick()
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
			r.mu.Lock()
			r.ask()
			r.mu.Unlock()
		}
	}
}

// pick is the route to use now. It waits only when there is none yet, or when
// connections by the known one fail.
func (r *router) pick() *route {
	if rt := r.cur.Load(); rt != nil && !rt.suspect.Load() {
		return rt
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	rt := r.cur.Load()
	if rt == nil || rt.suspect.Load() && time.Since(r.asked) > retryAfter {
		r.ask()
	}
	return r.cur.Load()
}

// ask finds the route anew. Connections that the new route may use are kept.
func (r *router) ask() {
	old := r.cur.Load()
	rt := r.find(r.base)
	if r.base.Err() != nil && old != nil {
		return
	}
	r.asked = time.Now()
	switch {
	case old != nil && old.way == rt.way && slices.Equal(old.addrs, rt.addrs):
		rt.transport = old.transport
	default:
		rt.transport = r.transport(rt)
	}
	r.cur.Store(rt)
	if old != nil && old.transport != rt.transport {
		old.transport.CloseIdleConnections()
	}
	if rt.note != "" && (old == nil || old.note != rt.note) {
		r.log.Warn("identity headers are not sent", "reason", rt.note)
	}
	if rt.way != direct && (old == nil || old.way != rt.way || !slices.Equal(old.addrs, rt.addrs)) {
		r.log.Info("server is a node of the tailnet", "addresses", rt.addrs, "userspace", rt.way == userspace,
			"user", rt.identity.Get(headerUser), "node", rt.identity.Get(headerNode), "tags", rt.identity.Get(headerTags))
	}
}

// find asks tailscaled who we are and whether the server is a node of the
// tailnet. When it is not, or cannot be told to be, the route is direct.
func (r *router) find(ctx context.Context) *route {
	if r.lc == nil {
		return &route{}
	}
	st, err := running(ctx, r.lc)
	if err != nil {
		return &route{note: err.Error()}
	}
	rt := &route{way: kernel, identity: identityHeaders(st)}
	if !st.TUN {
		rt.way = userspace
	}
	addrs, err := r.addresses(ctx, rt.way)
	if err != nil {
		return &route{note: err.Error()}
	}
	for _, addr := range addrs {
		_, ok, err := nodeAt(ctx, r.lc, addr)
		if err != nil {
			return &route{note: err.Error()}
		}
		if ok {
			rt.addrs = append(rt.addrs, addr)
		}
	}
	if len(rt.addrs) == 0 {
		return &route{note: fmt.Sprintf("%s (%v) is not a node of this tailnet", r.host, addrs)}
	}
	return rt
}

// close ends idle connections.
func (r *router) close() {
	if rt := r.cur.Load(); rt != nil {
		rt.transport.CloseIdleConnections()
	}
}
