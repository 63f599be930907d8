// SPDX-License-Identifier: MIT

package compiled

import (
	"slices"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
)

// Carriers returns the devices through which a rule reaches addresses that are no
// device's: the hosts of a Service; those of the rule's via; else the routers with the
// most specific route, and an exit node for the internet.
func (p *Policy) Carriers(r *Network, e End) []int {
	var all []int
	if e.Service >= 0 {
		name := p.Net.Services[e.Service].Name
		for i := range p.Index.Devices[:p.Index.Real] {
			if slices.Contains(p.Index.Devices[i].Services, name) && p.Index.Live(i) {
				all = append(all, i)
			}
		}
		return all
	}
	best := 0
	for _, i := range p.Index.Routers {
		bits := p.specific(i, e.Ranges)
		switch {
		case bits == 0:
		case len(r.Via) > 0:
			if r.Routed.Has(i) {
				all = append(all, i)
			}
		case bits > best:
			best, all = bits, []int{i}
		case bits == best:
			all = append(all, i)
		}
	}
	return all
}

// specific returns how many bits the most specific route of a device has that meets
// addresses, plus one; an exit node's is 1. No route is 0.
func (p *Policy) specific(device int, ranges *netipx.IPSet) int {
	best := 0
	for _, route := range p.Index.Devices[device].Approved {
		switch {
		case address.Exit(route):
			if overlap(address.Internet(), ranges) {
				best = max(best, 1)
			}
		case ranges.OverlapsPrefix(route):
			best = max(best, 1+route.Bits())
		}
	}
	return best
}

// overlap reports whether two sets have an address in common.
func overlap(a, b *netipx.IPSet) bool {
	return slices.ContainsFunc(b.Ranges(), a.OverlapsRange)
}

// NamesOf names devices.
func (p *Policy) NamesOf(devices []int) []string {
	var all []string
	for _, i := range devices {
		all = append(all, NameOf(&p.Index.Devices[i]))
	}
	return all
}
