// SPDX-License-Identifier: MIT

package compiled

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
func (p *Policy) granted(r *Network, device int) []FilterRule {
	if len(r.Caps) == 0 {
		return nil
	}
	var out []FilterRule
	for _, f := range r.Facets {
		to, why := p.grantedAt(r, f.Dst, device)
		if len(to) == 0 {
			continue
		}
		for _, from := range p.split(r, f.Dst.Self, device, why) {
			from.Rule = r.Rule
			from.Caps = []CapGrant{{Dsts: to, Caps: values(r)}}
			out = append(out, from)
		}
	}
	return out
}

// values are the capabilities of a rule.
func values(r *Network) CapMap {
	all := CapMap{}
	for _, c := range r.Caps {
		all[c.Text] = append(all[c.Text], c.Values...)
	}
	return all
}

// grantedAt returns the addresses of a device, or of its Service, on which a rule gives
// capabilities: never those that it only routes.
func (p *Policy) grantedAt(r *Network, dst *selector.Set, device int) ([]netip.Prefix, []string) {
	d := &p.Index.Devices[device]
	switch {
	case len(r.Via) > 0 || dst.Internet:
		return nil, nil
	case dst.Service >= 0:
		at, why := p.At(r, dst, device)
		return prefixes(at), why
	}
	at, why := p.At(r, dst, device)
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
func answering(r *Network) CapMap {
	caps := CapMap{}
	for _, c := range r.Caps {
		if name := companion[c.Text]; name != "" {
			caps[name] = nil
		}
	}
	return caps
}

// companions is what a device is told of the capabilities that a rule gives it elsewhere.
func (p *Policy) companions(r *Network, device int) []FilterRule {
	caps := answering(r)
	d := &p.Index.Devices[device]
	to := own(d, func(a netip.Addr) bool { return r.has(device, a) })
	if len(caps) == 0 || len(to) == 0 || len(r.Via) > 0 {
		return nil
	}
	var from []netipx.IPRange
	for _, f := range r.Facets {
		from = append(from, p.hosts(f.Dst, device)...)
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
		if p.Index.Member(source) {
			for _, i := range p.Index.Owned(p.Index.Devices[source].Login) {
				all = append(all, own(&p.Index.Devices[i], func(netip.Addr) bool { return true })...)
			}
		}
		return all
	}
	if dst.Ranges != nil && !dst.Internet {
		return dst.Ranges.Ranges()
	}
	for i := range dst.V4.Of(dst.V6, selector.Or).All() {
		all = append(all, own(&p.Index.Devices[i], func(a netip.Addr) bool {
			return a.Is4() && dst.V4.Has(i) || a.Is6() && dst.V6.Has(i)
		})...)
	}
	return all
}

// Capabilities returns what a WhoIs of a host says of a peer: the application
// capabilities that the file gives it there, and those that it may give, with what
// would have to be known. The values of a capability are in the order of the file.
func (p *Policy) Capabilities(peer, host netip.Addr) (sure, may CapMap, unknown []string) {
	device, ok := p.Index.At(host)
	if !ok || peer.Is4() != host.Is4() || p.Index.Devices[device].External || !p.Index.Live(device) {
		return nil, nil, nil
	}
	sure, may = CapMap{}, CapMap{}
	from := p.Addressed(End{Device: Nobody, Service: Nobody, Ranges: single(peer)}, peer)
	to := p.Addressed(End{Device: Nobody, Service: Nobody}, host)
	for _, r := range p.Rules {
		if len(r.Caps) == 0 || len(r.Via) > 0 {
			continue
		}
		given, why := p.gives(r, from, to)
		if given.Sure != 0 {
			give(sure, values(r))
		} else if given.May != 0 {
			give(may, values(r))
			unknown = append(unknown, why...)
		}
		if told, _ := p.gives(r, to, from); told.Sure != 0 {
			give(sure, answering(r))
		}
	}
	return sure, may, Phrases(unknown)
}

// gives says whether a rule has one end among its sources and the other as a device
// among its destinations.
func (p *Policy) gives(r *Network, from, to End) (m Match, why []string) {
	s, _ := p.Source(&r.Sources, from)
	for _, f := range r.Facets {
		t := p.Target(r, f.Dst, to, from)
		m.Sure |= s.Sure & t.Sure
		if hit := (s.Sure | s.May) & (t.Sure | t.May); hit != 0 {
			m.May |= hit
			why = append(why, p.Doubted(r, f.Dst, from, to)...)
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
