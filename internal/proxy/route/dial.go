// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// transport returns the HTTP connections of rt.
func (r *Router) transport(rt *Route) *http.Transport {
	dial := r.Dial
	if rt.way != direct {
		dial = r.dialNode(rt.way, rt.addrs)
	}
	return &http.Transport{
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dial(ctx, network, addr)
			if err != nil && !errors.Is(err, context.Canceled) {
				if cur := r.cur.Load(); cur != nil {
					cur.suspect.Store(true)
				}
			}
			return c, err
		},
		TLSHandshakeTimeout: r.timeout,
		ForceAttemptHTTP2:   true,
		HTTP2:               &http.HTTP2Config{SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second},
		DisableCompression:  true,
		MaxIdleConns:        r.maxIdle,
		MaxIdleConnsPerHost: r.maxIdle,
		// Shorter than servers keep idle connections, so that a request
		// seldom meets one that is just being closed.
		IdleConnTimeout: 50 * time.Second,
	}
}

// dialNode connects to the first of addrs that answers.
func (r *Router) dialNode(w way, addrs []netip.Addr) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, r.timeout)
		defer cancel()
		var errs attempts
		for i, addr := range addrs {
			c, err := r.dialOne(ctx, w, network, addr, len(addrs)-i)
			if err == nil {
				return c, nil
			}
			errs = append(errs, err)
		}
		return nil, &net.OpError{Op: "dial", Net: network, Err: errs}
	}
}

// dialOne connects to addr within its share of the time left: an equal part for each
// of the addresses that are left, which addr is the first of.
func (r *Router) dialOne(ctx context.Context, w way, network string, addr netip.Addr, left int) (net.Conn, error) {
	if deadline, ok := ctx.Deadline(); ok && left > 1 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/time.Duration(left))
		defer cancel()
	}
	if w == userspace {
		return r.lc.UserDial(ctx, network, addr.String(), r.port)
	}
	return r.Dial(ctx, network, netip.AddrPortFrom(addr, r.port).String())
}
