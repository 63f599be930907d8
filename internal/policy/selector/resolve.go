// SPDX-License-Identifier: MIT

package selector

import (
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
)

// Resolve returns what a selector stands for. It may be asked by one goroutine at a
// time: it remembers what it found.
func (x *Index) Resolve(text string) *Set {
	if s := x.sets[text]; s != nil {
		return s
	}
	s := x.Find(text)
	x.Share(&s.V4, &s.V6, &s.Doubt)
	x.sets[text] = s
	return s
}

// Used reports whether a rule of the file has the selector.
func (x *Index) Used(text string) bool { return x.sets[text] != nil }

// Find is [Index.Resolve] without remembering, for several goroutines.
func (x *Index) Find(text string) *Set {
	if s := x.sets[text]; s != nil {
		return s
	}
	s := &Set{Text: text, Known: true, V4: x.Empty(), V6: x.Empty(), Doubt: x.Empty(), Service: -1}
	name, rest, _ := strings.Cut(text, ":")
	switch {
	case text == "*":
		s.Everyone = true
		x.literal(s, x.Wildcard)
		x.every(s, func(i int) bool { return i >= x.Real })
	case name == "autogroup":
		x.autogroup(s, strings.ToLower(rest))
	case name == "group":
		x.group(s)
	case name == "tag":
		x.devices(s, x.Tagged(text))
	case name == "svc":
		x.service(s)
	case name == "ipset":
		set := x.ipset(text)
		s.Known = set.known
		x.literal(s, set.ranges)
	case name == "user":
		x.domain(s, rest)
	case strings.Contains(text, "@"):
		x.devices(s, x.byLogin[strings.ToLower(text)])
	default:
		r, ok := x.ranged(strings.TrimPrefix(text, "host:"))
		s.Known = ok
		if ok {
			x.literal(s, address.Of(r))
		}
	}
	for i := range x.live {
		s.V4[i], s.V6[i], s.Doubt[i] = s.V4[i]&x.live[i], s.V6[i]&x.live[i], s.Doubt[i]&x.live[i]
	}
	return s
}

// ranged reads a host alias or an address.
func (x *Index) ranged(text string) (netipx.IPRange, bool) {
	if d, ok := x.Definition(text); ok && len(d.Values) == 1 {
		return address.Parse(d.Values[0].Text)
	}
	return address.Parse(text)
}

// literal makes a set of addresses.
func (x *Index) literal(s *Set, ranges *netipx.IPSet) {
	s.Ranges = ranges
	x.within(ranges, s.V4, s.V6)
}

// devices puts devices into a set, whatever their addresses.
func (x *Index) devices(s *Set, all []int) {
	for _, i := range all {
		s.V4.Add(i)
		s.V6.Add(i)
	}
	s.Known = s.Known && len(all) > 0
}

// every puts the devices into a set of which is reports true.
func (x *Index) every(s *Set, is func(int) bool) {
	for i := range x.Devices {
		if is(i) {
			s.V4.Add(i)
			s.V6.Add(i)
		}
	}
}

// domain makes the set of *@DOMAIN: people whose login ends so.
func (x *Index) domain(s *Set, pattern string) {
	suffix, ok := strings.CutPrefix(strings.ToLower(pattern), "*")
	s.Known = ok && strings.HasPrefix(suffix, "@")
	if !s.Known {
		return
	}
	for login, all := range x.byLogin {
		if strings.HasSuffix(login, suffix) {
			x.devices(s, all)
		}
	}
}

// service makes the set of a Service: its addresses.
func (x *Index) service(s *Set) {
	i, ok := x.services[strings.ToLower(s.Text)]
	s.Known = ok
	if !ok {
		return
	}
	s.Service = i
	s.Ranges = address.Build(func(b *netipx.IPSetBuilder) {
		for _, a := range x.Net.Services[i].Addrs {
			b.Add(a)
		}
	})
}
