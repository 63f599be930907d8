// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/binary"
	"iter"
	"strings"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/selector"
)

// class is ends that the rules treat alike, by one of them.
type class struct {
	compiled.End
	hits []hit // in the order of the file
}

// hit is that an end is a source of a rule, or a destination of something that is open,
// by the index.
type hit struct {
	at int
	m  compiled.Match
}

// classes puts ends together that the rules treat alike.
func (a *asked) classes(ends []compiled.End, source bool) []class {
	all := a.hitsOf(ends, source)
	var out []class
	seen := map[string]bool{}
	for i, e := range ends {
		var key []byte
		for _, h := range all[i] {
			key = append(binary.AppendUvarint(key, uint64(h.at)), byte(h.m.Sure|h.m.May<<2))
		}
		key = append(key, 0xff)
		x := a.p.Index
		switch {
		case e.Device < 0 || !x.Live(e.Device) || x.Devices[e.Device].External:
			key = append(key, e.Name...)
		case a.self && x.Member(e.Device):
			key = append(key, strings.ToLower(x.Devices[e.Device].Login)...)
		}
		if !seen[string(key)] {
			seen[string(key)] = true
			out = append(out, class{e, all[i]})
			a.hits += len(all[i])
		}
	}
	return out
}

// hitsOf finds what each end hits. Devices, of which there may be many, are found by the
// sets of the rules, all else one by one.
func (a *asked) hitsOf(ends []compiled.End, source bool) [][]hit {
	x := a.p.Index
	all := make([][]hit, len(ends))
	crowd, at := x.Empty(), map[int]int{}
	var rest []int
	for i, e := range ends {
		_, twice := at[e.Device]
		if e.Device < 0 || e.Attributes != nil || twice {
			rest = append(rest, i)
			continue
		}
		crowd.Add(e.Device)
		at[e.Device] = i
	}
	last := compiled.Nobody
	for i, o := range a.open {
		if source && o.rule == last {
			continue
		}
		last = o.rule
		r := a.p.Rules[o.rule]
		index := i
		if source {
			index = o.rule
		}
		visit := func(end int) {
			var m compiled.Match
			hits := false
			if source {
				m, _ = a.p.Source(&r.Sources, ends[end])
			} else {
				m = a.p.Target(r, o.facet.Dst, ends[end], compiled.End{Device: compiled.Nobody})
				hits = a.self && o.facet.Dst.Self
			}
			if hits || m.Sure|m.May != 0 {
				all[end] = append(all[end], hit{index, m})
			}
		}
		for w := range crowd {
			for b := crowd[w] & a.candidates(r, o.facet.Dst, source, w); b != 0; b &= b - 1 {
				visit(at[w*64+selector.First(b)])
			}
		}
		for _, end := range rest {
			visit(end)
		}
	}
	return all
}

// candidates returns, of one word of devices, those that may be a source or destination.
func (a *asked) candidates(r *compiled.Network, dst *selector.Set, source bool, w int) uint64 {
	switch {
	case source && r.Anyone, !source && dst.Everyone, !source && dst.Self && a.self:
		return ^uint64(0)
	case source:
		return r.S4[w] | r.S6[w] | r.M4[w] | r.M6[w]
	}
	return dst.V4[w] | dst.V6[w] | dst.Doubt[w]
}

// meet is what both ends of a pair hit.
type meet struct {
	at       int
	from, to compiled.Match
}

// meeting yields what a destination hits of the rules that a source hits.
func (a *asked) meeting(from, to []hit) iter.Seq[meet] {
	return func(yield func(meet) bool) {
		for i, j := 0, 0; i < len(from) && j < len(to); {
			switch rule := a.open[to[j].at].rule; {
			case from[i].at < rule:
				i++
			case from[i].at > rule:
				j++
			default:
				if !yield(meet{to[j].at, from[i].m, to[j].m}) {
					return
				}
				j++
			}
		}
	}
}

// fewPeople is how many people may be at an end for "autogroup:self" to count: of more,
// somebody surely asks about another's devices.
const fewPeople = 64

// few reports whether an end is devices of few people.
func (p *Policy) few(ends []compiled.End) bool {
	logins := map[string]bool{}
	for _, e := range ends {
		if e.Device >= 0 && len(logins) <= fewPeople {
			logins[strings.ToLower(p.Index.Devices[e.Device].Login)] = true
		}
	}
	return len(logins) <= fewPeople
}

// crowd is the devices of an end as sets, by the family of the addresses that are meant,
// and the ends that are none.
type crowd struct {
	four, six, all, members selector.Bits
	rest                    []compiled.End
}

// crowdOf takes the devices that count from ends.
func (p *Policy) crowdOf(ends []compiled.End) *crowd {
	x := p.Index
	c := &crowd{four: x.Empty(), six: x.Empty(), all: x.Empty(), members: x.Empty()}
	for _, e := range ends {
		if e.Device < 0 {
			c.rest = append(c.rest, e)
			continue
		}
		if !x.Live(e.Device) || x.Devices[e.Device].External {
			continue
		}
		c.all.Add(e.Device)
		if e.Families&compiled.Four != 0 {
			c.four.Add(e.Device)
		}
		if e.Families&compiled.Six != 0 {
			c.six.Add(e.Device)
		}
		if x.Member(e.Device) {
			c.members.Add(e.Device)
		}
	}
	return c
}

// families returns in which families sets have somebody of a crowd.
func (c *crowd) families(four, six selector.Bits) (f compiled.Family) {
	if meets(four, c.four) {
		f |= compiled.Four
	}
	if meets(six, c.six) {
		f |= compiled.Six
	}
	return f
}

// meets reports whether two sets have a device in common.
func meets(a, b selector.Bits) bool {
	for i, w := range a {
		if w&b[i] != 0 {
			return true
		}
	}
	return false
}

// targets says whether any device of a crowd is a destination of a rule.
func (c *crowd) targets(r *compiled.Network, dst *selector.Set) compiled.Match {
	switch {
	case len(r.Via) > 0 || dst.Internet || dst.Service >= 0:
		return compiled.Match{}
	case dst.Everyone:
		return compiled.Match{Sure: c.families(c.all, c.all)}
	case dst.Self:
		return compiled.Match{Sure: c.families(c.members, c.members)}
	}
	return compiled.Match{Sure: c.families(dst.V4, dst.V6), May: c.families(dst.Doubt, dst.Doubt)}
}

// sources says whether any device of a crowd is a source of a rule, and which are.
func (c *crowd) sources(r *compiled.Network) (m compiled.Match, who selector.Bits) {
	who = make(selector.Bits, len(c.all))
	if r.Anyone {
		who.Merge(c.all)
		return compiled.Match{Sure: c.families(c.all, c.all)}, who
	}
	for i := range who {
		who[i] = (r.S4[i]|r.M4[i])&c.four[i] | (r.S6[i]|r.M6[i])&c.six[i]
	}
	return compiled.Match{Sure: c.families(r.S4, r.S6), May: c.families(r.M4, r.M6)}, who
}
