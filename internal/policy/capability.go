// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
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

// answering are the companions of a rule's capabilities.
func answering(r *rule) CapMap {
	caps := CapMap{}
	for _, c := range r.caps {
		if name := companion[c.Text]; name != "" {
			caps[name] = nil
		}
	}
	return caps
}

// companions is what a device is told of the capabilities that a rule gives it elsewhere.
func (p *Policy) companions(r *rule, device int) []FilterRule {
	caps := answering(r)
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
	from := p.addressed(end{device: nobody, service: nobody, ranges: single(peer)}, peer)
	to := p.addressed(end{device: nobody, service: nobody}, host)
	for _, r := range p.rules {
		if len(r.caps) == 0 || len(r.via) > 0 {
			continue
		}
		given, why := p.gives(r, from, to)
		if given.sure != 0 {
			give(sure, values(r))
		} else if given.may != 0 {
			give(may, values(r))
			unknown = append(unknown, why...)
		}
		if told, _ := p.gives(r, to, from); told.sure != 0 {
			give(sure, answering(r))
		}
	}
	return sure, may, phrases(unknown)
}

// gives says whether a rule has one end among its sources and the other as a device
// among its destinations.
func (p *Policy) gives(r *rule, from, to end) (m match, why []string) {
	s, _ := p.source(&r.sources, from)
	for _, f := range r.facets {
		t := p.target(r, f.dst, to, from)
		m.sure |= s.sure & t.sure
		if hit := (s.sure | s.may) & (t.sure | t.may); hit != 0 {
			m.may |= hit
			why = append(why, p.why(r, f.dst, from, to)...)
		}
	}
	return m, why
}

// single is the set of one address.
func single(a netip.Addr) *netipx.IPSet { return address.Of(netipx.IPRangeFrom(a, a)) }

// give enters capabilities, after what is there.
func give(to, caps CapMap) {
	for name, values := range caps {
		to[name] = append(to[name], values...)
	}
}
