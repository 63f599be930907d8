// SPDX-License-Identifier: MIT

package local

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tailscale.com/ipn/ipnstate"
)

// Peer is a node as the tools here show it.
type Peer struct {
	Name           string    `json:"name" jsonschema:"short MagicDNS name; the full name for a node of another tailnet"`
	ID             string    `json:"id" jsonschema:"stable node ID"`
	Addresses      []string  `json:"addresses" jsonschema:"Tailscale addresses, IPv4 first"`
	OS             string    `json:"os,omitempty" jsonschema:"operating system"`
	User           string    `json:"user,omitempty" jsonschema:"login name of the owner; absent for a tagged node"`
	Tags           []string  `json:"tags,omitempty" jsonschema:"ACL tags; a tagged node has no user"`
	Online         bool      `json:"online" jsonschema:"whether it is connected to the control server"`
	LastSeen       time.Time `json:"lastSeen,omitzero" jsonschema:"when it was last online; absent while it is"`
	ExitNodeOption bool      `json:"exitNodeOption,omitempty" jsonschema:"it can be used as an exit node"`
	ExitNode       bool      `json:"exitNode,omitempty" jsonschema:"this host uses it as its exit node now"`
	Routes         []string  `json:"routes,omitempty" jsonschema:"subnets that it is the router of"`
	KeyExpired     bool      `json:"keyExpired,omitempty" jsonschema:"its key has expired: it cannot be reached until somebody logs it in"`
	route
}

// route is how packets travel to a node.
type route struct {
	Path string `json:"path,omitempty" jsonschema:"how packets travelled: direct, peer-relay or derp; absent when there was no traffic lately"`
	Via  string `json:"via,omitempty" jsonschema:"where the path leads: the node's own endpoint, the address of the peer relay, or the code of the DERP region"`
}

// routeOf tells the path from the three ways in which tailscaled writes it down,
// of which the first that is set counts.
func routeOf(endpoint, peerRelay, region string) route {
	switch {
	case endpoint != "":
		return route{"direct", endpoint}
	case peerRelay != "":
		return route{"peer-relay", peerRelay}
	case region != "":
		return route{"derp", region}
	}
	return route{}
}

// peerOf projects ps, which may be this host itself.
func peerOf(st *ipnstate.Status, ps *ipnstate.PeerStatus) Peer {
	p := Peer{
		Name:           nameOf(st, ps),
		ID:             string(ps.ID),
		Addresses:      addresses(ps.TailscaleIPs),
		OS:             ps.OS,
		Online:         ps.Online,
		ExitNodeOption: ps.ExitNodeOption,
		ExitNode:       ps.ExitNode,
		KeyExpired:     ps.Expired,
	}
	if ps.IsTagged() {
		p.Tags = ps.Tags.AsSlice()
	} else {
		p.User = st.User[ps.UserID].LoginName
	}
	if !ps.Online {
		p.LastSeen = seconds(ps.LastSeen)
	}
	if ps.PrimaryRoutes != nil {
		p.Routes = texts(ps.PrimaryRoutes.AsSlice())
	}
	if ps.Active {
		p.route = routeOf(ps.CurAddr, ps.PeerRelay, ps.Relay)
	}
	return p
}

// nameOf is the name that MagicDNS resolves on this host: short for a node of
// this tailnet, full for one that is shared in from another. A node without such
// a name goes by its hostname.
func nameOf(st *ipnstate.Status, ps *ipnstate.PeerStatus) string {
	full := fullName(ps)
	if suffix := magicDNSSuffix(st); suffix != "" {
		if short, ours := strings.CutSuffix(full, "."+suffix); ours {
			return short
		}
	}
	return cmp.Or(full, ps.HostName)
}

// fullName is the MagicDNS name in lower case without the dot at its end.
func fullName(ps *ipnstate.PeerStatus) string {
	return strings.ToLower(strings.TrimSuffix(ps.DNSName, "."))
}

// magicDNSSuffix is the domain at the end of full names, without dots around it; empty
// while this host is on no tailnet.
func magicDNSSuffix(st *ipnstate.Status) string {
	if st.CurrentTailnet == nil {
		return ""
	}
	return strings.ToLower(strings.Trim(st.CurrentTailnet.MagicDNSSuffix, "."))
}

// addresses puts IPv4 first and is never nil.
func addresses(all []netip.Addr) []string {
	sorted := slices.SortedStableFunc(slices.Values(all), func(a, b netip.Addr) int { return cmp.Compare(a.BitLen(), b.BitLen()) })
	return texts(sorted)
}

// texts writes a list of addresses or prefixes; it is never nil.
func texts[T interface{ String() string }](all []T) []string {
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = one.String()
	}
	return out
}

// filled returns list, or an empty list for none, since null is not a list.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// seconds returns t in UTC, in whole seconds: a fraction would cost the reader tokens.
func seconds(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}
