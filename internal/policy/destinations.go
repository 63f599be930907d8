// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"

	"tailscale-mcp/internal/policy/selector"
)

// Destinations says what a source reaches, rule by rule, in the order of the file; where
// a rule gives some surely and some perhaps, in two answers.
func (p *Policy) Destinations(src Endpoint) []Access {
	var out []Access
	for _, r := range p.rules {
		var sure, may family
		var who []end
		for _, s := range src.ends {
			if s.device >= 0 && (!p.index.Live(s.device) || p.index.Devices[s.device].External) {
				continue
			}
			m, _ := p.source(&r.sources, s)
			sure, may = sure|m.sure, may|m.may
			if m.sure|m.may != 0 {
				who = append(who, s)
			}
		}
		if len(who) == 0 {
			continue
		}
		yes, perhaps := Access{Rule: r.Rule, Answer: Yes}, Access{Rule: r.Rule, Answer: Unknown}
		for _, s := range who {
			if sure == 0 && s.device >= 0 && len(perhaps.Unknown) < 2*manyDoubts {
				perhaps.Unknown = append(perhaps.Unknown, p.doubts(&r.sources, s.device)...)
			}
		}
		for _, f := range r.facets {
			if len(f.open) == 0 {
				continue
			}
			to := &yes
			if sure == 0 {
				to = &perhaps
			}
			to.Selectors = append(to.Selectors, f.dst.Text)
			for _, o := range f.open {
				to.Ports = append(to.Ports, o.Text()...)
			}
			p.reached(r, f, who, sure|may, to, &perhaps)
		}
		out = appendAccess(out, yes, perhaps)
	}
	return out
}

// reached enters what a facet opens for sources.
func (p *Policy) reached(r *rule, f facet, who []end, in family, to, may *Access) {
	dst := f.dst
	if len(r.via) > 0 || dst.Ranges != nil && !dst.Everyone {
		var through []int
		for _, i := range p.index.Routers {
			if at, _ := p.at(r, dst, i); len(at) > 0 {
				through = append(through, i)
			}
		}
		to.Via = append(to.Via, p.namesOf(through)...)
	}
	all := p.index.Empty()
	switch {
	case dst.Self:
		for _, s := range who {
			if s.device >= 0 && p.index.Member(s.device) {
				for _, i := range p.index.Owned(p.index.Devices[s.device].Login) {
					all.Add(i)
				}
			}
		}
	case len(r.via) > 0 || dst.Internet || dst.Service >= 0:
	case dst.Everyone:
		to.Ranges = append(to.Ranges, "*")
		for i := range p.index.Real {
			all.Add(i)
		}
	default:
		all.Merge(pick(dst.V4, in&four))
		all.Merge(pick(dst.V6, in&six))
		p.maybe(dst, all, may)
	}
	p.list(to, all)
	if dst.Ranges != nil && !dst.Everyone {
		for _, one := range dst.Ranges.Ranges() {
			if single := one.From() == one.To(); !single || !p.has(one.From()) {
				to.Ranges = append(to.Ranges, one.String())
			}
		}
	}
}

// maybe enters the devices of which it cannot be known whether they are a destination.
func (p *Policy) maybe(dst *selector.Set, all selector.Bits, may *Access) {
	doubt := dst.Doubt.Of(all, selector.Not)
	p.list(may, doubt)
	for i := range doubt.All() {
		if len(may.Unknown) > 2*manyDoubts {
			return
		}
		may.Unknown = append(may.Unknown, dst.Why(i))
	}
}

// has reports whether a device has an address.
func (p *Policy) has(a netip.Addr) bool {
	_, ok := p.index.At(a)
	return ok
}
