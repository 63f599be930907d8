// SPDX-License-Identifier: MIT

package catalog

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/localapi"
)

// pingTimeout bounds the wait for the answer to a ping.
const pingTimeout = 5 * time.Second

// host is the node that this server runs on, for the tools that must not cut it off
// unsaid.
type host struct{ tailscaled *localapi.Local }

// self is the node as tailscaled has it, or nil while that does not say.
func (h host) self(ctx context.Context) *ipnstate.PeerStatus {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	st, err := h.tailscaled.Self(ctx)
	if err != nil {
		return nil
	}
	return st.Self
}

// ID returns the node's ID, or nothing while it is not known.
func (h host) ID(ctx context.Context) string {
	if self := h.self(ctx); self != nil {
		return string(self.ID)
	}
	return ""
}

// Ping pings an address once, by Tailscale's own packets, and returns the path.
func (h host) Ping(ctx context.Context, addr netip.Addr) (path string, err error) {
	r, err := h.tailscaled.Ping(ctx, addr, tailcfg.PingDisco, pingTimeout)
	switch {
	case err != nil:
		return "", err
	case r.Err != "":
		return "", errors.New(r.Err)
	case r.Endpoint != "":
		return "direct", nil
	case r.DERPRegionCode != "":
		return "relayed by DERP " + r.DERPRegionCode, nil
	}
	return "relayed", nil
}

// Tags returns the node's tags, nil while they are not known.
func (h host) Tags(ctx context.Context) []string {
	self := h.self(ctx)
	switch {
	case self == nil:
		return nil
	case self.Tags == nil:
		return []string{}
	}
	return self.Tags.AsSlice()
}

// Addrs returns the node's Tailscale addresses, nil while they are not known.
func (h host) Addrs(ctx context.Context) []netip.Addr {
	if self := h.self(ctx); self != nil {
		return self.TailscaleIPs
	}
	return nil
}
