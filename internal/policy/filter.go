// SPDX-License-Identifier: MIT

package policy

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
	"tailscale-mcp/internal/policy/tailnet"
)

// Ports are the ports First to Last, both included; 0 to 65535 are all.
type Ports = ports.Range

// Target is a range of addresses and ports that a filter rule opens.
type Target struct {
	Addrs netipx.IPRange
	Ports Ports
}

// CapMap is application capabilities and their values, as WhoIs gives them: plain JSON.
type CapMap map[string][]json.RawMessage

// CapGrant gives capabilities on a device to the sources of its rule.
type CapGrant struct {
	Dsts []netip.Prefix // addresses of the device
	Caps CapMap
}

// FilterRule is one rule of the packet filter of a device, with the meaning of
// tailcfg.FilterRule.
type FilterRule struct {
	Src    []netipx.IPRange
	Dst    []Target
	Protos []int // IP protocol numbers; empty: TCP, UDP and ICMP
	Caps   []CapGrant

	Rule Rule
	// Unknown says what would have to be known for the rule to count, a phrase each;
	// empty where it does. A packet filter for real use leaves the others out.
	Unknown []string
}

// Filter returns the packet filter that a device (its ID or name) gets, nil where it has
// no rules: then it accepts nothing. Devices of other tailnets get theirs from there.
func (p *Policy) Filter(device string) []FilterRule {
	all := p.index.Named(device)
	if len(all) != 1 || all[0] >= p.index.Real || p.index.Devices[all[0]].External || !p.index.Live(all[0]) {
		return nil
	}
	var out []FilterRule
	for _, r := range p.rules {
		out = append(out, p.network(r, all[0])...)
		out = append(out, p.granted(r, all[0])...)
		out = append(out, p.companions(r, all[0])...)
	}
	return out
}

// network is what a rule opens at a device.
func (p *Policy) network(r *rule, device int) []FilterRule {
	var out []FilterRule
	for _, f := range r.facets {
		at, why := p.at(r, f.dst, device)
		if len(at) == 0 || len(f.open) == 0 {
			continue
		}
		for _, from := range p.split(r, f.dst.Self, device, why) {
			from.Rule = r.Rule
			for _, o := range f.open {
				one := from
				one.Protos = o.Protocols
				for _, a := range at {
					for _, port := range o.Ports {
						one.Dst = append(one.Dst, Target{a, port})
					}
				}
				out = merge(out, one)
			}
		}
	}
	return out
}

// merge appends a rule, or its destinations to one that is otherwise the same.
func merge(out []FilterRule, one FilterRule) []FilterRule {
	if n := len(out); n > 0 {
		last := &out[n-1]
		if slices.Equal(last.Protos, one.Protos) && slices.Equal(last.Src, one.Src) && slices.Equal(last.Unknown, one.Unknown) {
			last.Dst = append(last.Dst, one.Dst...)
			return out
		}
	}
	return append(out, one)
}

// split returns a rule with the sources that are sure, and one with those that may be.
// why is what would have to be known of the destination.
func (p *Policy) split(r *rule, self bool, device int, why []string) []FilterRule {
	s := &r.sources
	sure, may := []netipx.IPRange{}, []netipx.IPRange{}
	var unknown []string
	if self {
		for _, i := range p.index.Owned(p.index.Devices[device].Login) {
			for _, a := range p.index.Devices[i].Addrs {
				one := netipx.IPRangeFrom(a, a)
				switch {
				case s.sure(i, a):
					sure = append(sure, one)
				case s.may(i, a):
					may = append(may, one)
					unknown = append(unknown, p.doubts(s, i)...)
				}
			}
		}
	} else {
		sure, may = p.from(s)
		for i := range s.m4.Of(s.m6, selector.Or).All() {
			if len(unknown) > 2*manyDoubts {
				break
			}
			unknown = append(unknown, p.doubts(s, i)...)
		}
	}
	var out []FilterRule
	if len(sure) > 0 {
		out = append(out, FilterRule{Src: sure, Unknown: why})
	}
	if len(may) > 0 {
		out = append(out, FilterRule{Src: may, Unknown: phrases(slices.Concat(why, unknown))})
	}
	if s.strangers && !self {
		out = append(out, FilterRule{Unknown: append(slices.Clone(why), strangers)})
	}
	return out
}

// strangers is what is not known of "autogroup:shared".
const strangers = "which people of other tailnets a device is shared with"

// sure reports whether a device is surely a source with one of its addresses.
func (s *sources) sure(device int, a netip.Addr) bool {
	return a.Is4() && s.s4.Has(device) || a.Is6() && s.s6.Has(device)
}

// may reports whether a device may be a source with one of its addresses.
func (s *sources) may(device int, a netip.Addr) bool {
	return a.Is4() && s.m4.Has(device) || a.Is6() && s.m6.Has(device)
}

// at returns the addresses of a destination that a device answers for, and what would
// have to be known for it to do so.
func (p *Policy) at(r *rule, dst *selector.Set, device int) (at []netipx.IPRange, why []string) {
	d := &p.index.Devices[device]
	routed := len(r.via) > 0
	switch {
	case routed && !r.routed.Has(device):
		return nil, nil
	case routed && dst.Everyone:
		return carries(d).Ranges(), nil
	case dst.Everyone:
		return address.All(), nil
	case dst.Self && !routed && p.index.Member(device):
		return own(d, func(netip.Addr) bool { return true }), nil
	case dst.Internet:
		if internet(d) {
			return dst.Ranges.Ranges(), nil
		}
		return nil, nil
	case dst.Service >= 0:
		if slices.Contains(d.Services, dst.Text) {
			return dst.Ranges.Ranges(), nil
		}
		return nil, nil
	case dst.Ranges != nil:
		here := p.answers(d, routed)
		return slices.DeleteFunc(slices.Clone(dst.Ranges.Ranges()), func(a netipx.IPRange) bool { return !here.OverlapsRange(a) }), nil
	case routed:
		return nil, nil
	case dst.Doubt.Has(device) && !dst.V4.Has(device) && !dst.V6.Has(device):
		return own(d, func(netip.Addr) bool { return true }), []string{dst.Why(device)}
	}
	return own(d, func(a netip.Addr) bool { return a.Is4() && dst.V4.Has(device) || a.Is6() && dst.V6.Has(device) }), nil
}

// answers returns the addresses that reach a device: by its routes, and else its own and
// those of its Services too.
func (p *Policy) answers(d *tailnet.Device, routed bool) *netipx.IPSet {
	return address.Build(func(b *netipx.IPSetBuilder) {
		b.AddSet(carries(d))
		if routed {
			return
		}
		for _, a := range d.Addrs {
			b.Add(a)
		}
		for _, s := range p.net.Services {
			if slices.Contains(d.Services, s.Name) {
				for _, a := range s.Addrs {
					b.Add(a)
				}
			}
		}
	})
}

// own returns the addresses of a device for which is reports true.
func own(d *tailnet.Device, is func(netip.Addr) bool) []netipx.IPRange {
	var all []netipx.IPRange
	for _, a := range d.Addrs {
		if is(a) {
			all = append(all, netipx.IPRangeFrom(a, a))
		}
	}
	return all
}

// phrases sorts phrases and drops what is said twice; many are cut short with their number.
func phrases(all []string) []string {
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	all = slices.Compact(all)
	if len(all) > manyDoubts {
		all = append(all[:manyDoubts:manyDoubts], "and more like these")
	}
	return all
}

// manyDoubts is how many phrases an answer says of one kind.
const manyDoubts = 20
