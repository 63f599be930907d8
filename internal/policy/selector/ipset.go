// SPDX-License-Identifier: MIT

package selector

import (
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/grammar"
)

// ipset is the addresses of an IP set. It is known where all of its parts mean
// something; one that is made of itself is not.
type ipset struct {
	ranges *netipx.IPSet
	known  bool
}

// ipset returns the addresses of an IP set of the file.
func (x *Index) ipset(name string) ipset {
	if d, ok := x.Definition(name); ok {
		if s, made := x.ipsets[d]; made {
			return s
		}
	}
	return ipset{ranges: &netipx.IPSet{}}
}

// expand makes the addresses of an IP set, and of those that it is made of, each once:
// its parts are added and removed in order.
func (x *Index) expand(name string) ipset {
	s := x.ipset(name)
	d, ok := x.Definition(name)
	if _, made := x.ipsets[d]; !ok || made {
		return s
	}
	x.ipsets[d] = s // while it is made
	s.known = true
	s.ranges = address.Build(func(b *netipx.IPSetBuilder) {
		for _, v := range d.Values {
			op, text := grammar.CutOperation(v.Text)
			part := x.part(text)
			s.known = s.known && part.known
			if op == "remove" {
				b.RemoveSet(part.ranges)
			} else {
				b.AddSet(part.ranges)
			}
		}
	})
	x.ipsets[d] = s
	return s
}

// part makes the addresses of one part of an IP set.
func (x *Index) part(text string) ipset {
	switch {
	case strings.EqualFold(text, "autogroup:internet"):
		return ipset{address.Internet(), true}
	case strings.HasPrefix(text, "ipset:"):
		return x.expand(text)
	}
	r, ok := x.ranged(strings.TrimPrefix(text, "host:"))
	return ipset{address.Of(r), ok}
}
