// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/posture"
	"tailscale-mcp/internal/policy/selector"
)

// sources are who a rule is for.
type sources struct {
	src     []*selector.Set
	posture []string // names of postures, one of which has to be met; empty: none has to
	// By the family of their address: the devices that are sources surely, and may be.
	s4, s6, m4, m6 selector.Bits
	n4, n6, nm     selector.Bits   // as named, whatever their posture: surely, and maybe
	literal        []*netipx.IPSet // addresses by themselves; none where there is a posture
	anyone         bool            // whoever sends
	everyone       bool            // all of the tailnet
	strangers      bool            // people of other tailnets
}

// judgement is which devices meet one of some postures, and may.
type judgement struct{ meets, may selector.Bits }

// sourcesOf compiles the sources of a rule. The file's default posture is for the rules
// of the network.
func (p *Policy) sourcesOf(src, postures []grammar.Name, network bool, judged map[string]*judgement) sources {
	if len(postures) == 0 && network {
		postures = p.file.DefaultSrcPosture
	}
	x := p.index
	s := sources{n4: x.Empty(), n6: x.Empty(), nm: x.Empty()}
	for _, name := range postures {
		s.posture = append(s.posture, name.Text)
	}
	for _, name := range src {
		set := x.Resolve(name.Text)
		if set.Self || set.Internet || set.Service >= 0 {
			continue // no source: the API refuses it
		}
		s.src = append(s.src, set)
		s.n4.Merge(set.V4)
		s.n6.Merge(set.V6)
		s.nm.Merge(set.Doubt)
		s.strangers = s.strangers || set.Strangers
		if len(s.posture) == 0 {
			s.anyone, s.everyone = s.anyone || set.Anyone, s.everyone || set.Everyone || set.Anyone
			if set.Ranges != nil {
				s.literal = append(s.literal, set.Ranges)
			}
		}
	}
	s.s4, s.s6, s.m4, s.m6 = s.n4, s.n6, s.nm, s.nm
	if len(s.posture) > 0 {
		j := p.judge(s.posture, judged)
		s.s4, s.s6 = s.n4.Of(j.meets, selector.And), s.n6.Of(j.meets, selector.And)
		s.m4 = s.n4.Of(s.nm, selector.Or).Of(j.may, selector.And)
		s.m6 = s.n6.Of(s.nm, selector.Or).Of(j.may, selector.And)
	}
	s.m4, s.m6 = s.m4.Of(s.s4, selector.Not), s.m6.Of(s.s6, selector.Not)
	return s
}

// judge judges all devices by postures, of which one is enough.
func (p *Policy) judge(names []string, judged map[string]*judgement) *judgement {
	key := strings.Join(names, "\n")
	if j := judged[key]; j != nil {
		return j
	}
	j := &judgement{p.index.Empty(), p.index.Empty()}
	for i := range p.index.Devices {
		d := &p.index.Devices[i]
		switch p.postured(names, posture.Attributes{Values: d.Posture, Whole: d.PostureKnown}) {
		case posture.Meets:
			j.meets.Add(i)
			j.may.Add(i)
		case posture.Unknown:
			j.may.Add(i)
		}
	}
	judged[key] = j
	return j
}

// postured judges attributes by postures, of which one is enough.
func (p *Policy) postured(names []string, have posture.Attributes) posture.Judgement {
	best := posture.Fails
	for _, name := range names {
		d, ok := p.index.Definition(name)
		if !ok {
			continue // no such posture: nobody meets it
		}
		conditions := make([]string, len(d.Values))
		for i, v := range d.Values {
			conditions[i] = v.Text
		}
		best = max(best, posture.Judge(conditions, have))
	}
	return best
}

// contains reports whether an address that is no device's is a source.
func (s *sources) contains(ranges *netipx.IPSet) bool {
	return s.anyone || slices.ContainsFunc(s.literal, func(l *netipx.IPSet) bool { return includes(l, ranges) })
}

// includes reports whether a set has all of another's addresses.
func includes(set, part *netipx.IPSet) bool {
	for _, r := range part.Ranges() {
		if !set.ContainsRange(r) {
			return false
		}
	}
	return true
}

// from returns the addresses of the sources that are sure, and of those that may be.
func (p *Policy) from(s *sources) (sure, may []netipx.IPRange) {
	if s.anyone {
		return address.All(), nil
	}
	for _, l := range s.literal {
		sure = append(sure, l.Ranges()...)
	}
	add := func(to []netipx.IPRange, b selector.Bits, v4 bool) []netipx.IPRange {
		for i := range b.All() {
			for _, a := range p.index.Devices[i].Addrs {
				if a.Is4() == v4 && !within(s.literal, a) {
					to = append(to, netipx.IPRangeFrom(a, a))
				}
			}
		}
		return to
	}
	sure = add(add(sure, s.s4, true), s.s6, false)
	return sure, add(add(nil, s.m4, true), s.m6, false)
}

// within reports whether one of the sets has an address.
func within(sets []*netipx.IPSet, a netip.Addr) bool {
	return slices.ContainsFunc(sets, func(s *netipx.IPSet) bool { return s.Contains(a) })
}

// doubts says what would have to be known for a device to be a source.
func (p *Policy) doubts(s *sources, device int) []string {
	var all []string
	if !s.n4.Has(device) && !s.n6.Has(device) {
		for _, set := range s.src {
			if set.Doubt.Has(device) {
				all = append(all, set.Why(device))
			}
		}
	}
	d := &p.index.Devices[device]
	if len(s.posture) > 0 && !d.PostureKnown {
		all = append(all, "the posture attributes of "+nameOf(d))
	} else if len(s.posture) > 0 && len(all) == 0 {
		all = append(all, "whether "+nameOf(d)+" meets "+strings.Join(s.posture, " or "))
	}
	return all
}
