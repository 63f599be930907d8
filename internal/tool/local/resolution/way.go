// SPDX-License-Identifier: MIT

package resolution

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"tailscale.com/ipn/ipnstate"
	"tailscale.com/net/tsaddr"
	"tailscale.com/types/dnstype"
)

// Resolver is one that a rule asks.
type Resolver struct {
	Address string `json:"address" jsonschema:"IP address, URL for DNS over HTTPS, or the exit node's name"`
	// Way says how this host reaches it; Problem why it cannot, with the next step, and is
	// empty where nothing is known to keep it from that.
	Way     string `json:"way" jsonschema:"how this host reaches it, as far as tailscaled knows"`
	Problem string `json:"-"`
}

// ways returns who is asked, and how.
func (f Facts) ways(resolvers []*dnstype.Resolver) (all []Resolver) {
	for _, r := range resolvers {
		if r == nil {
			continue
		}
		one := Resolver{Address: r.Addr, Way: "over HTTPS or TLS"}
		addr, err := netip.ParseAddr(r.Addr)
		if pair, pairErr := netip.ParseAddrPort(r.Addr); pairErr == nil {
			addr, err = pair.Addr(), nil
		}
		if err == nil {
			one.Way, one.Problem = f.way(addr.Unmap())
		}
		all = append(all, one)
	}
	return all
}

// way says how the host reaches an address, and what keeps it from that.
func (f Facts) way(addr netip.Addr) (way, problem string) {
	if self := f.Status.Self; self != nil && slices.Contains(self.TailscaleIPs, addr) {
		return "it is this host", ""
	}
	for _, ps := range f.Status.Peer {
		if slices.Contains(ps.TailscaleIPs, addr) {
			return "it is the node " + plain(ps.DNSName), unavailable(ps, "the resolver")
		}
	}
	if router, route := f.router(addr); router != nil {
		way = fmt.Sprintf("by the route %s of the node %s", route, plain(router.DNSName))
		if !f.Prefs.RouteAll {
			return way, fmt.Sprintf("this host does not use the route %s to the resolver %s, as acceptRoutes is off here: tailscale set --accept-routes", route, addr)
		}
		return way, unavailable(router, "the router to the resolver "+addr.String())
	}
	switch {
	case tsaddr.IsTailscaleIP(addr):
		return "it is no node that this host knows", fmt.Sprintf("the resolver %s is the address of no node that this host may talk to: the policy file has to allow port 53 there, or the node is gone", addr)
	case slices.ContainsFunc(f.Networks, func(p netip.Prefix) bool { return p.Contains(addr) }):
		return "in a network of this host", ""
	case f.usesExitNode():
		return "through the exit node", ""
	case addr.IsPrivate() && f.Networks == nil:
		return "not known: this program does not see the networks of this host", ""
	case addr.IsPrivate():
		problem = fmt.Sprintf("no approved route of the tailnet leads to the resolver %s, which is in no network of this host: "+
			"a node has to advertise one, and an administrator to approve it (set_device_routes)", addr)
		if !f.Prefs.RouteAll {
			problem += "; and acceptRoutes is off here (tailscale set --accept-routes)"
		}
		return "none through the tailnet", problem
	}
	return "outside of the tailnet", ""
}

// router returns the peer with the narrowest route to an address; whole of the internet
// is none.
func (f Facts) router(addr netip.Addr) (router *ipnstate.PeerStatus, route netip.Prefix) {
	for _, ps := range f.Status.Peer {
		if ps.PrimaryRoutes == nil {
			continue
		}
		for _, p := range ps.PrimaryRoutes.All() {
			if p.Bits() > 0 && p.Contains(addr) && (router == nil || p.Bits() > route.Bits()) {
				router, route = ps, p
			}
		}
	}
	return router, route
}

// exitNode is the exit node as a resolver.
func (f Facts) exitNode() Resolver {
	for _, ps := range f.Status.Peer {
		if ps.ID == f.Prefs.ExitNodeID {
			return Resolver{Address: plain(ps.DNSName), Way: "it is the exit node in use", Problem: unavailable(ps, "the exit node")}
		}
	}
	return Resolver{Address: string(f.Prefs.ExitNodeID), Way: "it is the exit node in use", Problem: "the exit node is no node that this host knows: choose another with tailscale set --exit-node"}
}

// unavailable says why a node cannot be reached now; empty where it seems that it can.
func unavailable(ps *ipnstate.PeerStatus, what string) string {
	name := plain(ps.DNSName)
	switch {
	case ps.Expired:
		return fmt.Sprintf("%s, %s, cannot be reached: its key has expired, and somebody has to log it in again", what, name)
	case !ps.Online && !ps.LastSeen.IsZero():
		return fmt.Sprintf("%s, %s, is offline since %s", what, name, ps.LastSeen.UTC().Format(time.RFC3339))
	case !ps.Online:
		return fmt.Sprintf("%s, %s, is offline", what, name)
	}
	return ""
}
