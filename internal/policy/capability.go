// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"
	"slices"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/selector"
)

// companion are the capabilities with which the service answers another: the device
// that is granted one is told by the companion on whom it has it.
var companion = map[string]string{
	"tailscale.com/cap/drive": "tailscale.com/cap/drive-sharer",
	"tailscale.com/cap/relay": "tailscale.com/cap/relay-target",
}

// granted is the capabilities that a rule gives on a device.
func (p *Policy) granted(r *rule, device int) []FilterRule {
	if len(r.caps) == 0 {
		return nil
	}
	var out []FilterRule
	for _, f := range r.facets {
		to, why := p.grantedAt(r, f.dst, device)
		if len(to) == 0 {
			continue
		}
		for _, from := range p.split(r, f.dst.Self, device, why) {
			from.Rule = r.Rule
			from.Caps = []CapGrant{{Dsts: to, Caps: values(r)}}
			out = append(out, from)
		}
	}
	return out
}

// values are the capabilities of a rule.
func values(r *rule) CapMap {
	all := CapMap{}
	for _, c := range r.caps {
		all[c.Text] = append(all[c.Text], c.Values...)
	}
	return all
}

// grantedAt returns the addresses of a device, or of its Service, on which a rule gives
// capabilities: never those that it only routes.
func (p *Policy) grantedAt(r *rule, dst *selector.Set, device int) ([]netip.Prefix, []string) {
	d := &p.index.Devices[device]
	switch {
	case len(r.via) > 0 || dst.Internet:
		return nil, nil
	case dst.Service >= 0:
		at, why := p.at(r, dst, device)
		return prefixes(at), why
	}
	at, why := p.at(r, dst, device)
	if dst.Everyone || dst.Ranges != nil {
		at = own(d, func(a netip.Addr) bool { return dst.Everyone || dst.Ranges.Contains(a) })
	}
	return prefixes(at), why
}

// prefixes returns single addresses as prefixes.
func prefixes(at []netipx.IPRange) []netip.Prefix {
	var all []netip.Prefix
	for _, r := range at {
		all = append(all, r.Prefixes()...)
	}
	return all
}

// companions is what a device is told of the capabilities that a rule gives it elsewhere.
func (p *Policy) companions(r *rule, device int) []FilterRule {
	caps := CapMap{}
	for _, c := range r.caps {
		if name := companion[c.Text]; name != "" {
			caps[name] = nil
		}
	}
	d := &p.index.Devices[device]
	to := own(d, func(a netip.Addr) bool { return r.sure(device, a) })
	if len(caps) == 0 || len(to) == 0 || len(r.via) > 0 {
		return nil
	}
	var from []netipx.IPRange
	for _, f := range r.facets {
		from = append(from, p.hosts(f.dst, device)...)
	}
	if len(from) == 0 {
		return nil
	}
	return []FilterRule{{Src: from, Caps: []CapGrant{{Dsts: prefixes(to), Caps: caps}}, Rule: r.Rule}}
}

// hosts returns the addresses of the devices of a destination, for one of the sources.
func (p *Policy) hosts(dst *selector.Set, source int) []netipx.IPRange {
	var all []netipx.IPRange
	if dst.Self {
		if p.index.Member(source) {
			for _, i := range p.index.Owned(p.index.Devices[source].Login) {
				all = append(all, own(&p.index.Devices[i], func(netip.Addr) bool { return true })...)
			}
		}
		return all
	}
	if dst.Ranges != nil && !dst.Internet {
		return dst.Ranges.Ranges()
	}
	for i := range dst.V4.Of(dst.V6, selector.Or).All() {
		all = append(all, own(&p.index.Devices[i], func(a netip.Addr) bool {
			return a.Is4() && dst.V4.Has(i) || a.Is6() && dst.V6.Has(i)
		})...)
	}
	return all
}

// Capabilities returns what a WhoIs of a host says of a peer: the application
// capabilities that the file gives it there, and those that it may give, with what
// would have to be known. The values of a capability are in the order of the file.
func (p *Policy) Capabilities(peer, host netip.Addr) (sure, may CapMap, unknown []string) {
	device, ok := p.index.At(host)
	if !ok || peer.Is4() != host.Is4() || p.index.Devices[device].External || !p.index.Live(device) {
		return nil, nil, nil
	}
	sure, may = CapMap{}, CapMap{}
	for _, r := range p.rules {
		if len(r.caps) == 0 {
			continue
		}
		all := append(p.granted(r, device), p.companions(r, device)...)
		// What is sure first: it is not said again of what may be.
		slices.SortStableFunc(all, func(a, b FilterRule) int { return min(len(a.Unknown), 1) - min(len(b.Unknown), 1) })
		given := map[string]bool{}
		for _, f := range all {
			to := sure
			if len(f.Unknown) > 0 {
				to = may
			}
			if f.give(to, given, peer, host) && len(f.Unknown) > 0 {
				unknown = append(unknown, f.Unknown...)
			}
		}
	}
	return sure, may, phrases(unknown)
}

// give enters the capabilities of a rule that a peer has on a host, each but once a rule
// of the file, and reports whether there were any.
func (f FilterRule) give(to CapMap, given map[string]bool, peer, host netip.Addr) (any bool) {
	if !slices.ContainsFunc(f.Src, func(s netipx.IPRange) bool { return s.Contains(peer) }) {
		return false
	}
	for _, g := range f.Caps {
		if !slices.ContainsFunc(g.Dsts, func(d netip.Prefix) bool { return d.Contains(host) }) {
			continue
		}
		for name, values := range g.Caps {
			if !given[name] {
				to[name] = append(to[name], values...)
				given[name], any = true, true
			}
		}
	}
	return any
}
