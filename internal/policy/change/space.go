// SPDX-License-Identifier: MIT

package change

import (
	"go4.org/netipx"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/selector"
)

// space is everything that may be at one end of a rule of either file: the devices and
// people of the tailnet, tags that no device has, and what is no device.
type space struct {
	devices  int // and people without one: their indexes are the same in both files
	names    []string
	at       map[string]int
	literals map[string]*netipx.IPSet
}

// What is no device, by the name that it has in answers.
const (
	anyone     = "anyone at all"
	everyone   = "everyone"
	shared     = "people of other tailnets"
	self       = "their own devices"
	everything = "everything"
	internet   = "the internet"
)

// newSpace collects the ends of both files.
func newSpace(both ...*policy.Policy) *space {
	s := &space{at: map[string]int{}, literals: map[string]*netipx.IPSet{}}
	x := both[0].Index
	s.devices = x.Real
	for s.devices < len(x.Devices) && len(x.Devices[s.devices].Tags) == 0 {
		s.devices++
	}
	for _, name := range []string{anyone, everyone, shared, self, everything, internet} {
		s.enter(name)
	}
	for _, service := range both[0].Net.Services {
		s.enter(service.Name)
	}
	for _, p := range both {
		for i := s.devices; i < len(p.Index.Devices); i++ {
			s.enter(p.Index.Devices[i].Tags[0])
		}
		for _, r := range p.Rules {
			for _, set := range r.Src {
				s.literal(set)
			}
			for _, f := range r.Facets {
				s.literal(f.Dst)
			}
		}
	}
	return s
}

// enter gives a name a place.
func (s *space) enter(name string) {
	if _, ok := s.at[name]; !ok {
		s.at[name] = s.devices + len(s.names)
		s.names = append(s.names, name)
	}
}

// literal enters addresses that a rule names: each range for itself, so that it is the
// same by whatever name.
func (s *space) literal(set *selector.Set) {
	if !set.Literal() || set.Internet {
		return
	}
	for _, r := range set.Ranges.Ranges() {
		name := rangeName(r)
		s.enter(name)
		if s.literals[name] == nil {
			var b netipx.IPSetBuilder
			b.AddRange(r)
			s.literals[name], _ = b.IPSet()
		}
	}
}

func rangeName(r netipx.IPRange) string {
	if r.From() == r.To() {
		return r.From().String()
	}
	if p, ok := r.Prefix(); ok {
		return p.String()
	}
	return r.String()
}

// empty is a set of ends without any.
func (s *space) empty() selector.Bits { return make(selector.Bits, (s.devices+len(s.names)+63)/64) }

// put takes the devices of a policy into a set of ends.
func (s *space) put(to selector.Bits, p *policy.Policy, devices selector.Bits) {
	whole := s.devices / 64
	copied := min(whole, len(devices))
	for i := range copied {
		to[i] |= devices[i]
	}
	for i := whole * 64; i < len(p.Index.Devices); i++ {
		if !devices.Has(i) {
			continue
		}
		if i < s.devices {
			to.Add(i)
		} else {
			to.Add(s.at[p.Index.Devices[i].Tags[0]])
		}
	}
}

// add puts what is no device into a set, where something is so.
func (s *space) add(to selector.Bits, name string, so bool) {
	if so {
		to.Add(s.at[name])
	}
}
