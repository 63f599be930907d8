// SPDX-License-Identifier: MIT

package policy

import (
	"slices"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
)

// carriers returns the devices through which a rule reaches addresses that are no
// device's: the hosts of a Service; those of the rule's via; else the routers with the
// most specific route, and an exit node for the internet.
func (p *Policy) carriers(r *rule, e end) []int {
	var all []int
	if e.service >= 0 {
		name := p.net.Services[e.service].Name
		for i := range p.index.Devices[:p.index.Real] {
			if slices.Contains(p.index.Devices[i].Services, name) && p.index.Live(i) {
				all = append(all, i)
			}
		}
		return all
	}
	best := 0
	for _, i := range p.index.Routers {
		bits := p.specific(i, e.ranges)
		switch {
		case bits == 0:
		case len(r.via) > 0:
			if r.routed.Has(i) {
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
	for _, route := range p.index.Devices[device].Approved {
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

// namesOf names devices.
func (p *Policy) namesOf(devices []int) []string {
	var all []string
	for _, i := range devices {
		all = append(all, nameOf(&p.index.Devices[i]))
	}
	return all
}
