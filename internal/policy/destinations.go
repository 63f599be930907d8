// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/selector"
)

// Destinations says what a source reaches, rule by rule, in the order of the file; where
// a rule gives some surely and some perhaps, in two answers.
func (p *Policy) Destinations(src Endpoint) []Access {
	var out []Access
	for _, r := range p.Rules {
		var sure, may compiled.Family
		var who []compiled.End
		for _, s := range src.ends {
			if s.Device >= 0 && (!p.Index.Live(s.Device) || p.Index.Devices[s.Device].External) {
				continue
			}
			m, _ := p.Source(&r.Sources, s)
			sure, may = sure|m.Sure, may|m.May
			if m.Sure|m.May != 0 {
				who = append(who, s)
			}
		}
		if len(who) == 0 {
			continue
		}
		yes, perhaps := Access{Rule: r.Rule, Answer: Yes}, Access{Rule: r.Rule, Answer: Unknown}
		for _, s := range who {
			if sure == 0 && s.Device >= 0 && len(perhaps.Unknown) < 2*compiled.ManyDoubts {
				perhaps.Unknown = append(perhaps.Unknown, p.Doubts(&r.Sources, s.Device)...)
			}
		}
		for _, f := range r.Facets {
			if len(f.Open) == 0 {
				continue
			}
			to := &yes
			if sure == 0 {
				to = &perhaps
			}
			to.Selectors = append(to.Selectors, f.Dst.Text)
			for _, o := range f.Open {
				to.Ports = append(to.Ports, o.Text()...)
			}
			p.reached(r, f, who, sure|may, to, &perhaps)
		}
		out = appendAccess(out, yes, perhaps)
	}
	return out
}

// reached enters what a facet opens for sources.
func (p *Policy) reached(r *compiled.Network, f compiled.Facet, who []compiled.End, in compiled.Family, to, may *Access) {
	dst := f.Dst
	if len(r.Via) > 0 || dst.Ranges != nil && !dst.Everyone {
		var through []int
		for _, i := range p.Index.Routers {
			if at, _ := p.At(r, dst, i); len(at) > 0 {
				through = append(through, i)
			}
		}
		to.Via = append(to.Via, p.NamesOf(through)...)
	}
	all := p.Index.Empty()
	switch {
	case dst.Self:
		for _, s := range who {
			if s.Device >= 0 && p.Index.Member(s.Device) {
				for _, i := range p.Index.Owned(p.Index.Devices[s.Device].Login) {
					all.Add(i)
				}
			}
		}
	case len(r.Via) > 0 || dst.Internet || dst.Service >= 0:
	case dst.Everyone:
		to.Ranges = append(to.Ranges, "*")
		for i := range p.Index.Real {
			all.Add(i)
		}
	default:
		all.Merge(pick(dst.V4, in&compiled.Four))
		all.Merge(pick(dst.V6, in&compiled.Six))
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
		if len(may.Unknown) > 2*compiled.ManyDoubts {
			return
		}
		may.Unknown = append(may.Unknown, dst.Why(i))
	}
}

// has reports whether a device has an address.
func (p *Policy) has(a netip.Addr) bool {
	_, ok := p.Index.At(a)
	return ok
}
