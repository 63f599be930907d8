// SPDX-License-Identifier: MIT

package compiled

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
	all := p.Index.Named(device)
	if len(all) != 1 || all[0] >= p.Index.Real || p.Index.Devices[all[0]].External || !p.Index.Live(all[0]) {
		return nil
	}
	var out []FilterRule
	for _, r := range p.Rules {
		out = append(out, p.network(r, all[0])...)
		out = append(out, p.granted(r, all[0])...)
		out = append(out, p.companions(r, all[0])...)
	}
	return out
}

// network is what a rule opens at a device.
func (p *Policy) network(r *Network, device int) []FilterRule {
	var out []FilterRule
	for _, f := range r.Facets {
		at, why := p.At(r, f.Dst, device)
		if len(at) == 0 || len(f.Open) == 0 {
			continue
		}
		for _, from := range p.split(r, f.Dst.Self, device, why) {
			from.Rule = r.Rule
			for _, o := range f.Open {
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
func (p *Policy) split(r *Network, self bool, device int, why []string) []FilterRule {
	s := &r.Sources
	sure, may := []netipx.IPRange{}, []netipx.IPRange{}
	var unknown []string
	if self {
		for _, i := range p.Index.Owned(p.Index.Devices[device].Login) {
			for _, a := range p.Index.Devices[i].Addrs {
				one := netipx.IPRangeFrom(a, a)
				switch {
				case s.has(i, a):
					sure = append(sure, one)
				case s.mayHave(i, a):
					may = append(may, one)
					unknown = append(unknown, p.Doubts(s, i)...)
				}
			}
		}
	} else {
		sure, may = p.from(s)
		for i := range s.M4.Of(s.M6, selector.Or).All() {
			if i >= p.Index.Real || len(unknown) > 2*ManyDoubts {
				break // the rest has no address
			}
			unknown = append(unknown, p.Doubts(s, i)...)
		}
	}
	var out []FilterRule
	if len(sure) > 0 {
		out = append(out, FilterRule{Src: sure, Unknown: why})
	}
	if len(may) > 0 {
		out = append(out, FilterRule{Src: may, Unknown: Phrases(slices.Concat(why, unknown))})
	}
	if s.Strangers && !self {
		out = append(out, FilterRule{Unknown: append(slices.Clone(why), Strangers)})
	}
	return out
}

// Strangers is what is not known of "autogroup:shared".
const Strangers = "which people of other tailnets a device is shared with"

// has reports whether a device is surely a source with one of its addresses.
func (s *Sources) has(device int, a netip.Addr) bool {
	return a.Is4() && s.S4.Has(device) || a.Is6() && s.S6.Has(device)
}

// mayHave reports whether a device may be a source with one of its addresses.
func (s *Sources) mayHave(device int, a netip.Addr) bool {
	return a.Is4() && s.M4.Has(device) || a.Is6() && s.M6.Has(device)
}

// At returns the addresses of a destination that a device answers for, and what would
// have to be known for it to do so.
func (p *Policy) At(r *Network, dst *selector.Set, device int) (at []netipx.IPRange, why []string) {
	d := &p.Index.Devices[device]
	routed := len(r.Via) > 0
	switch {
	case routed && !r.Routed.Has(device):
		return nil, nil
	case routed && dst.Everyone:
		return p.carried(device).Ranges(), nil
	case dst.Everyone:
		return address.All(), nil
	case dst.Self && !routed && p.Index.Member(device):
		return own(d, func(netip.Addr) bool { return true }), nil
	case dst.Internet:
		if internet(d) {
			return dst.Ranges.Ranges(), nil
		}
		return nil, nil
	case dst.Service >= 0:
		if slices.Contains(d.Services, p.Net.Services[dst.Service].Name) {
			return dst.Ranges.Ranges(), nil
		}
		return nil, nil
	case dst.Ranges != nil:
		var all []netipx.IPRange
		for _, a := range dst.Ranges.Ranges() {
			if p.carried(device).OverlapsRange(a) || !routed && p.answers(d, a) {
				all = append(all, a)
			}
		}
		return all, nil
	case routed:
		return nil, nil
	case dst.Doubt.Has(device) && !dst.V4.Has(device) && !dst.V6.Has(device):
		return own(d, func(netip.Addr) bool { return true }), []string{dst.Why(device)}
	}
	return own(d, func(a netip.Addr) bool { return a.Is4() && dst.V4.Has(device) || a.Is6() && dst.V6.Has(device) }), nil
}

// carried returns the addresses that reach a device by its routes.
func (p *Policy) carried(device int) *netipx.IPSet {
	if s := p.carry[device]; s != nil {
		return s
	}
	return &netipx.IPSet{}
}

// answers reports whether a device has an address in a range, of its own or of a Service
// that it serves.
func (p *Policy) answers(d *tailnet.Device, r netipx.IPRange) bool {
	if slices.ContainsFunc(d.Addrs, r.Contains) {
		return true
	}
	return len(d.Services) > 0 && slices.ContainsFunc(p.Net.Services, func(s tailnet.Service) bool {
		return slices.Contains(d.Services, s.Name) && slices.ContainsFunc(s.Addrs, r.Contains)
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

// Phrases sorts phrases and drops what is said twice; many are cut short with their number.
func Phrases(all []string) []string {
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b)) })
	all = slices.Compact(all)
	if len(all) > ManyDoubts {
		all = append(all[:ManyDoubts:ManyDoubts], "and more like these")
	}
	return all
}

// ManyDoubts is how many phrases an answer says of one kind.
const ManyDoubts = 20
