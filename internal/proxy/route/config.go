// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tailscale.com/client/local"
)

// DefaultConnectTimeout is that of Config.
const DefaultConnectTimeout = 10 * time.Second

// Config says which server is looked for, and how.
type Config struct {
	// Server is the URL of the server, http or https. Only its host and port matter.
	Server *url.URL
	// Tailscaled is the local tailscaled. Nil: none is asked, no identity is sent,
	// and the system connects.
	Tailscaled *local.Client
	// Required refuses every route that does not lead to a node of the tailnet.
	Required bool
	// IdentityTo names hosts, by DNS name or address, that may be told the identity
	// although they are no node of the tailnet.
	IdentityTo []string
	// ConnectTimeout bounds connecting, TLS included. Default: DefaultConnectTimeout.
	ConnectTimeout time.Duration
	// MaxIdle is the largest number of idle connections.
	MaxIdle int
	// Dial connects as the system does. Nil: over the network.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Log gets the changes of the route. Nil: they are not logged.
	Log *slog.Logger
}

// New returns a router whose questions end with ctx. It asks nothing yet.
func New(ctx context.Context, cfg Config) *Router {
	if cfg.ConnectTimeout == 0 {
		cfg.ConnectTimeout = DefaultConnectTimeout
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
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
	r := &Router{
		base:     ctx,
		host:     cfg.Server.Hostname(),
		port:     uint16(port),
		lc:       cfg.Tailscaled,
		log:      cfg.Log,
		required: cfg.Required,
		maxIdle:  cfg.MaxIdle,
		timeout:  cfg.ConnectTimeout,
		Dial:     d.DialContext,
		Resolve: func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		},
	}
	if cfg.Dial != nil {
		r.Dial = cfg.Dial
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
