// SPDX-License-Identifier: MIT

package local

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
)

const (
	longestName = 253 // of a DNS name, RFC 1035 §2.3.4
	mostNamed   = 10  // candidates that an error names
)

// target is the node or address that a caller means by a name.
type target struct {
	addr netip.Addr
	// peer is the node; nil for an address that is no node's own, as one behind
	// a subnet router.
	peer *ipnstate.PeerStatus
	self bool
}

// resolve finds the node that a name stands for: a Tailscale address, a stable
// node ID, a full MagicDNS name, a short one, else a hostname. Each of these is
// asked only when the one before finds nothing, as MagicDNS would; a name that
// then stands for several nodes is refused with their full names.
func resolve(st *ipnstate.Status, given string) (target, error) {
	name := strings.ToLower(strings.TrimSuffix(strings.TrimSpace(given), "."))
	if name == "" || len(name) > longestName {
		return target{}, tool.Invalidf("give a name or an address as list_peers shows it", "the peer has no usable name")
	}
	if addr, err := netip.ParseAddr(name); err == nil {
		return byAddress(st, addr.WithZone("").Unmap()), nil
	}
	suffix := magicDNSSuffix(st)
	for _, is := range []func(*ipnstate.PeerStatus) bool{
		func(ps *ipnstate.PeerStatus) bool { return strings.EqualFold(string(ps.ID), name) },
		func(ps *ipnstate.PeerStatus) bool { return fullName(ps) == name },
		func(ps *ipnstate.PeerStatus) bool { return suffix != "" && fullName(ps) == name+"."+suffix },
		func(ps *ipnstate.PeerStatus) bool {
			label, _, _ := strings.Cut(fullName(ps), ".")
			return label == name || strings.EqualFold(ps.HostName, name)
		},
	} {
		var found []*ipnstate.PeerStatus
		for _, ps := range nodes(st) {
			if is(ps) {
				found = append(found, ps)
			}
		}
		switch {
		case len(found) > 1:
			return target{}, ambiguous(given, found)
		case len(found) == 1:
			return one(st, found[0])
		}
	}
	return target{}, unknown(given)
}

// nodes are this host and its peers.
func nodes(st *ipnstate.Status) []*ipnstate.PeerStatus {
	all := make([]*ipnstate.PeerStatus, 0, len(st.Peer)+1)
	if st.Self != nil {
		all = append(all, st.Self)
	}
	for _, ps := range st.Peer {
		all = append(all, ps)
	}
	return all
}

func byAddress(st *ipnstate.Status, addr netip.Addr) target {
	for _, ps := range nodes(st) {
		if slices.Contains(ps.TailscaleIPs, addr) {
			return target{addr: addr, peer: ps, self: ps == st.Self}
		}
	}
	return target{addr: addr}
}

func one(st *ipnstate.Status, ps *ipnstate.PeerStatus) (target, error) {
	if len(ps.TailscaleIPs) == 0 {
		return target{}, &failure.Error{
			Code:    failure.NotFound,
			Message: fmt.Sprintf("%s has no Tailscale address", nameOf(st, ps)),
			Next:    "look at it with list_peers and fields [\"all\"]",
		}
	}
	addrs := slices.SortedStableFunc(slices.Values(ps.TailscaleIPs), func(a, b netip.Addr) int { return cmp.Compare(a.BitLen(), b.BitLen()) })
	return target{addr: addrs[0], peer: ps, self: ps == st.Self}, nil
}

func ambiguous(given string, found []*ipnstate.PeerStatus) error {
	names := make([]string, len(found))
	for i, ps := range found {
		names[i] = fmt.Sprintf("%s (%s)", cmp.Or(fullName(ps), ps.HostName), ps.ID)
	}
	slices.Sort(names)
	return tool.Invalidf("call again with the full name or the ID of one of them: "+listed(names), "%q stands for %d nodes", given, len(found))
}

// unknown refuses a name of no node, and names no other: a caller who may ping a node
// may not be allowed to list all of them.
func unknown(given string) error {
	return &failure.Error{
		Code:    failure.NotFound,
		Message: fmt.Sprintf("this host knows no node %q", given),
		Next:    "find it with list_peers; a node that this host may not talk to cannot be reached or looked at from here, only from one that may",
	}
}

// listed joins names and says how many were left out.
func listed(names []string) string {
	text := strings.Join(names[:min(len(names), mostNamed)], ", ")
	if more := len(names) - mostNamed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// completePeer offers the names of peers that begin with prefix.
func (n *node) completePeer(ctx context.Context, prefix string) ([]string, error) {
	st, err := n.tailscaled.Peers(ctx)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, ps := range st.Peer {
		if name := nameOf(st, ps); strings.HasPrefix(strings.ToLower(name), strings.ToLower(prefix)) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
