// SPDX-License-Identifier: MIT

package listen

import (
	"net/netip"
	"slices"
)

// Phase is the state in one word, as /healthz says it.
type Phase string

// The phases.
const (
	Up       Phase = "up"       // this node's addresses are served
	Waiting  Phase = "waiting"  // for tailscaled or for a login; passes without a restart
	Degraded Phase = "degraded" // an address, or what changes things, is not served; a person has to do something
)

// State is how a listener is.
type State struct {
	Phase  Phase
	Detail string           // one line for people; names no peer and no secret
	Addrs  []netip.AddrPort // where callers reach this server; must not be changed
	// ReadsOnly says for callers why nothing may be changed now; empty if it may.
	ReadsOnly string
}

func (s State) equal(other State) bool {
	return s.Phase == other.Phase && s.Detail == other.Detail && s.ReadsOnly == other.ReadsOnly && slices.Equal(s.Addrs, other.Addrs)
}

// Self is this node as tailscaled describes it.
type Self struct {
	NodeID         string       // stable node ID; empty when logged out
	Addrs          []netip.Addr // Tailscale addresses, IPv4 first
	Userspace      bool         // tailscaled has no network device and delivers to loopback
	DNSName        string       // MagicDNS name without the trailing dot
	Tags           []string     // sorted; a node with tags is its tags and has no owner
	MagicDNSSuffix string       // of the tailnet, without the trailing dot
}
