// SPDX-License-Identifier: MIT

package catalog

import (
	"context"
	"time"

	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/localapi"
)

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

// id is the node's ID, or nothing while it is not known.
func (h host) id(ctx context.Context) string {
	if self := h.self(ctx); self != nil {
		return string(self.ID)
	}
	return ""
}

// tags are the node's tags, nil while they are not known.
func (h host) tags(ctx context.Context) []string {
	self := h.self(ctx)
	switch {
	case self == nil:
		return nil
	case self.Tags == nil:
		return []string{}
	}
	return self.Tags.AsSlice()
}
