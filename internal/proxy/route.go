// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
)

const (
	// refreshEvery is how old what tailscaled said may get.
	refreshEvery = 30 * time.Second
	// retryAfter is how soon a failed connection makes the route be asked for
	// anew.
	retryAfter = 500 * time.Millisecond
)

// route is one way to the server, with what may be said over it. It does not
// change: connections of a route go where its identity may be shown, so that a
// name that comes to mean another host never carries the headers there.
type route struct {
	transport *http.Transport
	way       way
	addrs     []netip.Addr // of the server, each a node's; none when direct
	identity  http.Header  // none when direct, unless the host is allowed by name
	note      string       // why the route is direct, for a person; "" when that needs no reason
	refused   error        // why nothing may be sent by it; nil when it may
	unsettled bool         // tailscaled is not connected, which may change at any moment
	suspect   atomic.Bool  // a connection failed
}

// doubtful reports whether to ask for the route anew before it is used.
func (rt *route) doubtful() bool { return rt.unsettled || rt.suspect.Load() }

type way uint8

const (
	direct    way = iota // as the system connects
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

	required bool // nothing is sent but to a node of the tailnet
	allowed  bool // the host may be told the identity, whatever it is
	timeout  time.Duration

	resolve func(ctx context.Context, host string) ([]netip.Addr, error) // the system's resolver
	dial    func(ctx context.Context, network, addr string) (net.Conn, error)

	cur   atomic.Pointer[route]
	mu    sync.Mutex // held while asking
	asked time.Time
}

func newRouter(ctx context.Context, cfg Config) *router {
	port, err := strconv.ParseUint(cfg.Server.Port(), 10, 16)
	if err != nil {
		port = 80
		if cfg.Server.Scheme == "https" {
			port = 443
		}
	}
	d := net.Dialer{
		Timeout: cfg.ConnectTimeout,
		// A peer that is gone is noticed within a minute, also when nothing
		// is being sent: a call may take hours.
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 20 * time.Second, Interval: 10 * time.Second, Count: 4},
	}
	r := &router{
		base:     ctx,
		host:     cfg.Server.Hostname(),
		port:     uint16(port),
		lc:       cfg.Tailscaled,
		log:      cfg.Log,
		required: cfg.RequireTailscale,
		timeout:  cfg.ConnectTimeout,
		dial:     d.DialContext,
		resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
	}
	if cfg.Dial != nil {
		r.dial = cfg.Dial
	}
	r.allowed = slices.ContainsFunc(cfg.IdentityTo, func(host string) bool { return sameHost(host, r.host) })
	if len(cfg.IdentityTo) > 0 && !r.allowed {
		r.log.Warn("the host that may be told the identity is not that of the server", "allowed", cfg.IdentityTo, "server", r.host)
	}
	if loopback(r.host) && !r.allowed {
		r.lc = nil
	}
	return r
}

// sameHost reports whether two host names or addresses are the same.
func sameHost(a, b string) bool {
	a, b = strings.Trim(a, "[]"), strings.Trim(b, "[]")
	x, err := netip.ParseAddr(a)
	y, errY := netip.ParseAddr(b)
	if err == nil && errY == nil {
		return x.Unmap() == y.Unmap()
	}
	return nodeName(a) == nodeName(b)
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
// the known one is doubtful.
func (r *router) pick() *route {
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

// ask finds the route anew. Connections that the new route may use are kept.
func (r *router) ask() {
	old := r.cur.Load()
	rt := r.find(r.base)
	rt.refused = r.refusal(rt)
	if r.base.Err() != nil { // what could not be asked any more says nothing
		if old == nil {
			rt.transport = r.transport(rt)
			r.cur.Store(rt)
		}
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
	switch changed := old == nil || old.note != rt.note; {
	case rt.refused != nil && changed:
		r.log.Error("no request is sent", "reason", rt.refused)
	case rt.refused != nil:
	case rt.note != "" && rt.identity == nil && changed:
		r.log.Warn("identity headers are not sent", "reason", rt.note)
	}
	if rt.way != direct && (old == nil || old.way != rt.way || !slices.Equal(old.addrs, rt.addrs)) {
		r.log.Info("server is a node of the tailnet", "addresses", rt.addrs, "userspace", rt.way == userspace,
			"user", rt.identity.Get(headerUser), "node", rt.identity.Get(headerNode), "tags", rt.identity.Get(headerTags))
	}
}

// errRefused is in the error of a request that was not sent, because it would
// not have gone to a node of the tailnet.
var errRefused = errors.New("refused")

// refusal says why nothing may be sent by rt; nil when it may.
func (r *router) refusal(rt *route) error {
	if !r.required || rt.way != direct {
		return nil
	}
	why := rt.note
	switch {
	case why != "":
	case loopback(r.host):
		why = r.host + " is this machine itself, which is not reached through the tailnet"
	default:
		why = r.host + " is not known to be a node of the tailnet, because no tailscaled is asked"
	}
	return fmt.Errorf("%w by --require-tailscale: %s", errRefused, why)
}

// find asks tailscaled who we are and whether the server is a node of the
// tailnet. When it is not, or cannot be told to be, the route is direct.
func (r *router) find(ctx context.Context) *route {
	if r.lc == nil {
		return &route{}
	}
	st, err := running(ctx, r.lc)
	if err != nil {
		// Of one that is silent no request waits for what it may say next.
		return &route{note: err.Error(), unsettled: !errors.Is(err, errSilent)}
	}
	rt := &route{way: kernel, identity: identityHeaders(st)}
	if !st.TUN {
		rt.way = userspace
	}
	var nodes []*apitype.WhoIsResponse
	at, err := r.addresses(ctx, rt.way)
	if err == nil {
		rt.addrs, nodes, err = r.nodes(ctx, at.addrs)
	}
	if err == nil && len(nodes) == 0 {
		err = r.stranger(at)
	}
	if err == nil {
		return rt
	}
	rt = &route{note: err.Error()}
	if r.allowed {
		rt.identity = identityHeaders(st)
	}
	return rt
}

// nodes are those of addrs that are addresses of nodes of the tailnet, with
// the nodes.
func (r *router) nodes(ctx context.Context, addrs []netip.Addr) (of []netip.Addr, nodes []*apitype.WhoIsResponse, err error) {
	for _, addr := range addrs {
		node, err := nodeAt(ctx, r.lc, addr)
		if err != nil {
			return nil, nil, err
		}
		if node != nil {
			of, nodes = append(of, addr), append(nodes, node)
		}
	}
	return of, nodes, nil
}

// stranger is the error of a server that is no node of the tailnet.
func (r *router) stranger(at resolved) error {
	where := fmt.Sprintf("%s (%v, by %s)", r.host, at.addrs, at.by)
	if at.by == byItself {
		where = r.host
	}
	return advise("compare with: tailscale status; a MagicDNS name in full always means the node", "%s is not a node of this tailnet", where)
}

// close ends idle connections.
func (r *router) close() {
	if rt := r.cur.Load(); rt != nil {
		rt.transport.CloseIdleConnections()
	}
}
