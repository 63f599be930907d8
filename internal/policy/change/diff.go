// SPDX-License-Identifier: MIT

package change

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/selector"
)

// difference is a comparison under way.
type difference struct {
	old, now *policy.Policy
	focus    Focus
	space    *space
	nowhere  selector.Bits // the one place of what has none
	parties  []party
	budget   int // words that may still be combined
	short    bool
	seed     maphash.Seed

	everywhere []gain // of the kind under way, a thing each
}

func newDifference(old, now *policy.Policy, focus Focus) *difference {
	d := &difference{old: old, now: now, focus: focus, space: newSpace(old, now), budget: 150_000_000, seed: maphash.MakeSeed()}
	d.nowhere = d.space.empty()
	d.space.add(d.nowhere, everything, true)
	d.parties = d.known()
	return d
}

// side is the facts of one file, and which of them the other does not have.
type side struct {
	facts   []fact
	changed []bool
}

// sides compares the facts of both files.
func (d *difference) sides(kind string) (old, now side, changed bool) {
	a, ka := d.facts(d.old, kind)
	b, kb := d.facts(d.now, kind)
	has := func(keys [][32]byte) map[[32]byte]bool {
		all := map[[32]byte]bool{}
		for _, k := range keys {
			all[k] = true
		}
		return all
	}
	mark := func(keys [][32]byte, others map[[32]byte]bool) []bool {
		all := make([]bool, len(keys))
		for i, k := range keys {
			all[i] = !others[k]
			changed = changed || all[i]
		}
		return all
	}
	inA, inB := has(ka), has(kb)
	return side{a, mark(ka, inB)}, side{b, mark(kb, inA)}, changed
}

// group is destinations of which the same facts of both files speak.
type group struct {
	on       selector.Bits
	old, now []int
}

// groups puts together the destinations that a changed fact speaks of.
func (d *difference) groups(old, now side) []*group {
	touched := d.space.empty()
	for _, s := range []side{old, now} {
		for i, f := range s.facts {
			if s.changed[i] {
				touched.Merge(f.dst)
				touched.Merge(f.dub)
			}
		}
	}
	found := map[string]*group{}
	var all []*group
	for e := range touched.All() {
		var key []byte
		var lists [2][]int
		for k, s := range []side{old, now} {
			for i := range s.facts {
				f := &s.facts[i]
				if in, maybe := f.dst.Has(e), f.dub.Has(e); in || maybe {
					lists[k] = append(lists[k], i)
					key = binary.AppendUvarint(key, uint64(i)<<1|uint64(b2i(maybe)))
				}
			}
			key = append(key, 0xff, 0xff, 0xff)
		}
		g := found[string(key)]
		if g == nil {
			g = &group{on: d.space.empty(), old: lists[0], now: lists[1]}
			found[string(key)] = g
			all = append(all, g)
		}
		g.on.Add(e)
	}
	return all
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// gain is that somebody gains or loses things somewhere.
type gain struct {
	gains  bool
	sure   bool
	who    selector.Bits
	things []thing
	on     selector.Bits
	rules  map[int]bool
}

// of compares one kind.
func (d *difference) of(kind string) []Change {
	old, now, changed := d.sides(kind)
	if !changed {
		return nil
	}
	merged := map[uint64]*gain{}
	var order []*gain
	groups := d.groups(old, now)
	// What is gained everywhere is not said again of each place.
	slices.SortStableFunc(groups, func(a, b *group) int {
		return b2i(b.on.Has(d.space.at[everything])) - b2i(a.on.Has(d.space.at[everything]))
	})
	d.everywhere = nil
	for _, g := range groups {
		if d.budget < 0 {
			d.short = true
			break
		}
		for _, one := range d.compare(kind, g, old, now) {
			key := d.key(one)
			if m := merged[key]; m != nil {
				m.on.Merge(one.on)
				for r := range one.rules {
					m.rules[r] = true
				}
				continue
			}
			merged[key] = one
			order = append(order, one)
		}
	}
	all := d.ways(old, now)
	for _, g := range order {
		all = append(all, d.change(kind, g, old, now))
	}
	if d.short {
		all = append(all, Change{Kind: kind, Gains: true, Answer: policy.Unknown, Rank: Everything, Text: "the files differ in more than could be compared: somebody may gain or lose more than is listed"})
	}
	return all
}

// key is the same for gains of the same things by the same people.
func (d *difference) key(g *gain) uint64 {
	var h maphash.Hash
	h.SetSeed(d.seed)
	word := make([]byte, 8)
	for _, w := range g.who {
		binary.LittleEndian.PutUint64(word, w)
		h.Write(word)
	}
	fmt.Fprint(&h, g.gains, g.sure, g.things)
	return h.Sum64()
}

// compare compares what is given at one group of destinations.
func (d *difference) compare(kind string, g *group, old, now side) []*gain {
	at := -1
	for e := range g.on.All() {
		at = e
		break
	}
	found := map[uint64]*gain{}
	var all []*gain
	enter := func(gains, sure bool, who selector.Bits, t thing, by []int, s side) {
		if who == nil {
			return
		}
		if g.on.Has(d.space.at[everything]) && kind != "attribute" && kind != "tag" && kind != "approval" {
			d.everywhere = append(d.everywhere, gain{gains: gains, sure: sure, who: who, things: []thing{t}})
		}
		one := &gain{gains: gains, sure: sure, who: who, rules: map[int]bool{}}
		key := d.key(one)
		if m := found[key]; m != nil {
			one = m
		} else {
			one.on = slices.Clone(g.on)
			found[key] = one
			all = append(all, one)
		}
		one.things = append(one.things, t)
		for _, i := range by {
			if s.changed[i] {
				one.rules[i] = true
			}
		}
	}
	var o, n have
	for _, t := range things(kind, g, old, now) {
		oby := d.who(&o, old.facts, g.old, at, t.given)
		nby := d.who(&n, now.facts, g.now, at, t.given)
		enter(true, true, n.sure.minus(o), t, nby, now)
		enter(true, false, n.perhaps(o), t, nby, now)
		enter(false, true, o.sure.minus(n), t, oby, old)
		enter(false, false, o.perhaps(n), t, oby, old)
	}
	if !g.on.Has(d.space.at[everything]) {
		return slices.DeleteFunc(all, d.said)
	}
	return all
}

// said takes from a gain what holds everywhere, where that makes it shorter to say, and
// reports whether nothing is left.
func (d *difference) said(g *gain) bool {
	left := slices.DeleteFunc(slices.Clone(g.things), func(t thing) bool {
		return slices.ContainsFunc(d.everywhere, func(e gain) bool {
			o := e.things[0]
			return e.gains == g.gains && e.sure == g.sure && o.text == t.text && o.protocol == t.protocol &&
				o.ports.First <= t.ports.First && t.ports.Last <= o.ports.Last && within(g.who, e.who)
		})
	})
	if len(texts(left)) <= len(texts(g.things)) {
		g.things = left
	}
	return len(g.things) == 0
}

// ways lists what stays, and goes another way: through the devices of other tags.
func (d *difference) ways(old, now side) []Change {
	before := map[[32]byte]int{}
	for i := range old.facts {
		if old.changed[i] {
			before[old.facts[i].key(nil)] = i
		}
	}
	var all []Change
	for i := range now.facts {
		f := &now.facts[i]
		j, ok := before[f.key(nil)]
		if !ok || !now.changed[i] || slices.Equal(f.via, old.facts[j].via) {
			continue
		}
		c := Change{Kind: "network", Answer: policy.Unknown, Who: d.names(f.src, f.names), On: d.names(f.dst, nil), Rank: Rest, Rules: []policy.Rule{old.facts[j].rule, f.rule}}
		for _, o := range f.open {
			c.What = append(c.What, o.Text()...)
		}
		c.Text = c.sentence() + ": it goes through " + way(f.via) + " now, and went through " + way(old.facts[j].via)
		all = append(all, c)
	}
	return all
}

// way names what a rule goes through.
func way(via []string) string {
	if len(via) == 0 {
		return "any device with the route"
	}
	return strings.Join(via, ", ")
}
