// SPDX-License-Identifier: MIT

package compiled

import (
	"fmt"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/posture"
	"tailscale-mcp/internal/policy/selector"
)

// Sources are who a rule is for.
type Sources struct {
	Src      []*selector.Set
	Postures []string // names, one of which has to be met; empty: none has to
	// By the family of their address: the devices that are sources surely, and may be.
	S4, S6, M4, M6 selector.Bits
	n4, n6, nm     selector.Bits   // as named, whatever their posture: surely, and maybe
	o4, o6         selector.Bits   // of S4 and S6, those that Literal may not have
	Literal        []*netipx.IPSet // addresses by themselves; none where there is a posture
	Anyone         bool            // whoever sends
	Everyone       bool            // all of the tailnet
	Strangers      bool            // people of other tailnets
}

// memo is what was compiled already: many rules have the same sources and postures.
type memo struct {
	judged  map[string]*judgement
	sources map[string]Sources
}

// judgement is which devices meet one of some postures, and may.
type judgement struct{ meets, may selector.Bits }

// sourcesOf compiles the sources of a rule. The file's default posture is for the rules
// of the network.
func (p *Policy) sourcesOf(src, postures []grammar.Name, network bool, m *memo) Sources {
	if len(postures) == 0 && network {
		postures = p.Parsed.DefaultSrcPosture
	}
	key := fmt.Sprintf("%q %q", texts(src), texts(postures)) // quoted: a name may have any byte
	if s, ok := m.sources[key]; ok {
		return s
	}
	s := p.compileSources(src, postures, m)
	m.sources[key] = s
	return s
}

func (p *Policy) compileSources(src, postures []grammar.Name, m *memo) Sources {
	x := p.Index
	s := Sources{n4: x.Empty(), n6: x.Empty(), nm: x.Empty(), o4: x.Empty(), o6: x.Empty()}
	for _, name := range postures {
		s.Postures = append(s.Postures, name.Text)
	}
	for _, name := range src {
		set := x.Resolve(name.Text)
		if set.Self || set.Internet || set.Service >= 0 {
			continue // no source: the API refuses it
		}
		s.Src = append(s.Src, set)
		s.n4.Merge(set.V4)
		s.n6.Merge(set.V6)
		s.nm.Merge(set.Doubt)
		s.Strangers = s.Strangers || set.Strangers
		if len(s.Postures) == 0 {
			s.Anyone, s.Everyone = s.Anyone || set.Anyone, s.Everyone || set.Everyone || set.Anyone
			if set.Ranges != nil {
				s.Literal = append(s.Literal, set.Ranges)
				continue
			}
		}
		s.o4.Merge(set.V4)
		s.o6.Merge(set.V6)
	}
	s.S4, s.S6, s.M4, s.M6 = s.n4, s.n6, s.nm, s.nm
	if len(s.Postures) > 0 {
		j := p.judge(s.Postures, m)
		s.S4, s.S6 = s.n4.Of(j.meets, selector.And), s.n6.Of(j.meets, selector.And)
		s.M4 = s.n4.Of(s.nm, selector.Or).Of(j.may, selector.And)
		s.M6 = s.n6.Of(s.nm, selector.Or).Of(j.may, selector.And)
	}
	s.o4, s.o6 = s.o4.Of(s.S4, selector.And), s.o6.Of(s.S6, selector.And)
	s.M4, s.M6 = s.M4.Of(s.S4, selector.Not), s.M6.Of(s.S6, selector.Not)
	x.Share(&s.S4, &s.S6, &s.M4, &s.M6, &s.n4, &s.n6, &s.nm, &s.o4, &s.o6)
	return s
}

// judge judges all devices by postures, of which one is enough.
func (p *Policy) judge(names []string, m *memo) *judgement {
	key := fmt.Sprintf("%q", names)
	if j := m.judged[key]; j != nil {
		return j
	}
	j := &judgement{p.Index.Empty(), p.Index.Empty()}
	for i := range p.Index.Devices {
		d := &p.Index.Devices[i]
		switch p.postured(names, posture.Attributes{Values: d.Posture, Whole: d.PostureKnown}) {
		case posture.Meets:
			j.meets.Add(i)
			j.may.Add(i)
		case posture.Unknown:
			j.may.Add(i)
		}
	}
	m.judged[key] = j
	return j
}

// postured judges attributes by postures, of which one is enough.
func (p *Policy) postured(names []string, have posture.Attributes) posture.Judgement {
	best := posture.Fails
	for _, name := range names {
		d, ok := p.Index.Definition(name)
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

// Contains reports whether addresses that are no device's are sources.
func (s *Sources) Contains(ranges *netipx.IPSet) bool {
	return s.Anyone || slices.ContainsFunc(s.Literal, func(l *netipx.IPSet) bool { return Includes(l, ranges) })
}

// Includes reports whether a set has all of another's addresses.
func Includes(set, part *netipx.IPSet) bool {
	for _, r := range part.Ranges() {
		if !set.ContainsRange(r) {
			return false
		}
	}
	return true
}

// from returns the addresses of the sources that are sure, and of those that may be.
func (p *Policy) from(s *Sources) (sure, may []netipx.IPRange) {
	if s.Anyone {
		return address.All(), nil
	}
	for _, l := range s.Literal {
		sure = append(sure, l.Ranges()...)
	}
	add := func(to []netipx.IPRange, b selector.Bits, v4 bool) []netipx.IPRange {
		for i := range b.All() {
			for _, a := range p.Index.Devices[i].Addrs {
				if a.Is4() == v4 {
					to = append(to, netipx.IPRangeFrom(a, a))
				}
			}
		}
		return to
	}
	sure = add(add(sure, s.o4, true), s.o6, false)
	return sure, add(add(nil, s.M4, true), s.M6, false)
}

// Doubts says what would have to be known for a device to be a source.
func (p *Policy) Doubts(s *Sources, device int) []string {
	var all []string
	for _, set := range s.Src {
		if set.Doubt.Has(device) {
			all = append(all, set.Why(device))
		}
	}
	d := &p.Index.Devices[device]
	if len(s.Postures) > 0 && !d.PostureKnown {
		all = append(all, "the posture attributes of "+NameOf(d))
	}
	if len(all) == 0 {
		all = append(all, "whether "+NameOf(d)+" meets "+strings.Join(s.Postures, " or "))
	}
	return all
}

// Doubted says what would have to be known for a rule to count between two ends.
func (p *Policy) Doubted(r *Network, dst *selector.Set, s, d End) []string {
	var all []string
	if s.Device >= 0 {
		if m, _ := p.Source(&r.Sources, s); m.Sure == 0 {
			all = append(all, p.Doubts(&r.Sources, s.Device)...)
		}
	} else if s.Abstract != "" {
		all = append(all, "the posture of the devices of "+s.Abstract)
	}
	if d.Device >= 0 && dst.Why != nil && dst.Doubt.Has(d.Device) {
		all = append(all, dst.Why(d.Device))
	}
	return all
}
