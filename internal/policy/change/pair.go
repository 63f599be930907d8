// SPDX-License-Identifier: MIT

package change

import (
	"encoding/binary"
	"maps"
	"math/bits"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/selector"
)

// How many pairs of classes are compared. Beyond it each rule that changed is told by
// itself, as what may be gained or lost.
const mostPairs = 8 << 20

// hit is a lane that matches a pair of source and destination.
type hit struct {
	*lane
	sure bool
}

// piece is a part of a difference: some items, gained or lost by some lanes.
type piece struct {
	kind  Kind
	items selector.Bits
	lanes []*lane
	// against are lanes of the other file alone that give the same, or may: of what may
	// be gained or lost.
	against []*lane
}

// group is a piece, and everybody whom it concerns.
type group struct {
	*piece
	from, to         []int // classes, from which sources and targets are worked out
	sources, targets []int // sorted
	self             bool  // the targets are the sources' own devices
	// Where sources and targets are not worked out, those of the rule are meant; nobody
	// says that there is none of them.
	nobody bool
}

// comparison is what the two files differ by, in one layer.
type comparison struct {
	*layer
	from    []class
	to      []class
	origins origins
	places  []place
	changed selector.Bits
	selves  selector.Bits // lanes to one's own devices
	pieces  []piece
	known   map[string]int   // pieces
	seen    map[string][]int // pieces of a set of hits
	key     []byte           // of the last such set
	groups  []group
	aside   map[int]bool // pieces that some people's own devices are no part of
}

func (l *layer) compare() *comparison {
	words := (len(l.lanes) + 63) / 64
	c := &comparison{layer: l, changed: make(selector.Bits, words), selves: make(selector.Bits, words), known: map[string]int{}, seen: map[string][]int{}, aside: map[int]bool{}}
	for _, n := range l.lanes {
		if n.changed() {
			c.changed.Add(n.id)
		}
		if n.self {
			c.selves.Add(n.id)
		}
	}
	if !c.changed.Any() && l.world.caller < 0 {
		return c
	}
	var ok, ok2 bool
	c.origins, ok = l.origins()
	c.places, ok2 = l.places()
	if ok = ok && ok2; ok {
		if c.from, ok = l.sources(&c.origins, c.changed); ok {
			c.to, ok = l.destinations(c.places, c.changed)
		}
	}
	if ok = ok && c.count() <= mostPairs; !ok {
		c.coarse()
		return c
	}
	if c.selves.Any() {
		l.world.owned(c.from)
		l.world.owned(c.to)
		c.own()
	}
	c.pairs()
	c.rest()
	c.look()
	return c
}

// count is how many pairs there are to compare.
func (c *comparison) count() int {
	n := func(all []class) (n int) {
		for i := range all {
			if all[i].changed {
				n++
			}
		}
		return n
	}
	return n(c.from) * n(c.to)
}

// pairs compares all pairs of classes, without rules for one's own devices.
func (c *comparison) pairs() {
	found := map[string]int{}
	for s := range c.from {
		if !c.from[s].changed {
			continue
		}
		row := map[int]selector.Bits{}
		for d := range c.to {
			if !c.to[d].changed || c.from[s].owner != "" && c.from[s].owner == c.to[d].owner {
				continue
			}
			for _, p := range c.differ(&c.from[s], &c.to[d], false) {
				if row[p] == nil {
					row[p] = make(selector.Bits, (len(c.to)+63)/64)
				}
				row[p].Add(d)
			}
		}
		for p, to := range row {
			key := binary.AppendUvarint(nil, uint64(p))
			for _, word := range to {
				key = binary.LittleEndian.AppendUint64(key, word)
			}
			g, ok := found[string(key)]
			if !ok {
				g = len(c.groups)
				found[string(key)] = g
				one := c.pieces[p]
				c.groups = append(c.groups, group{piece: &one, to: slices.Collect(to.All())})
			}
			c.groups[g].from = append(c.groups[g].from, s)
		}
	}
}

// expand works out the sources and targets of a group.
func (c *comparison) expand(g group) *group {
	members := func(all []class, some []int) []int {
		var out []int
		for _, i := range some {
			out = append(out, all[i].members...)
		}
		slices.Sort(out)
		return out
	}
	if g.from != nil {
		g.sources = members(c.from, g.from)
	}
	if g.to != nil {
		g.targets = members(c.to, g.to)
	}
	return &g
}

// own compares what people may do on their own devices.
func (c *comparison) own() {
	w := c.world
	from, to := classOf(c.from, w.devices()), classOf(c.to, w.devices())
	concerned := map[int]map[int]bool{} // sources, by the piece
	for _, devices := range w.people() {
		sources := map[int][]int{}
		var targets []int
		for _, i := range devices {
			if c.from[from[i]].changed {
				sources[from[i]] = append(sources[from[i]], i)
			}
			if c.to[to[i]].changed && w.targets.Has(i) {
				targets = append(targets, to[i])
			}
		}
		slices.Sort(targets)
		targets = slices.Compact(targets)
		for s, members := range sources {
			for _, d := range targets {
				here, others := c.alone(&c.from[s], &c.to[d])
				for _, p := range here {
					if concerned[p] == nil {
						concerned[p] = map[int]bool{}
					}
					for _, i := range members {
						concerned[p][i] = true
					}
				}
				for _, p := range others {
					c.aside[p] = true
				}
			}
		}
	}
	for p := range c.pieces {
		if len(concerned[p]) > 0 {
			c.groups = append(c.groups, group{piece: &c.pieces[p], sources: slices.Sorted(maps.Keys(concerned[p])), self: true})
		}
	}
}

// alone are the pieces of a pair that are told of people's own devices alone, and those
// of what all of these may do on all of those, their own aside.
func (c *comparison) alone(from, to *class) (here, others []int) {
	here = c.differ(from, to, true)
	if from.owner != "" && from.owner == to.owner {
		return here, nil
	}
	others = c.differ(from, to, false)
	both := func(p int) bool { return slices.Contains(here, p) && slices.Contains(others, p) }
	return slices.DeleteFunc(slices.Clone(here), both), slices.DeleteFunc(slices.Clone(others), both)
}

// classOf is the class of each device.
func classOf(classes []class, devices int) []int {
	all := make([]int, devices)
	for c := range classes {
		for _, m := range classes[c].members {
			if m < devices {
				all[m] = c
			}
		}
	}
	return all
}

// differ returns the pieces by which a pair of classes differs; self is whether both are
// devices of one person.
func (c *comparison) differ(from, to *class, self bool) []int {
	var all []int
	for f := range 2 {
		concerned := false
		for i, word := range from.most[f] {
			word &= to.most[f][i]
			if !self {
				word &^= c.selves[i]
			}
			if word&c.changed[i] != 0 {
				concerned = true
				break
			}
		}
		if !concerned {
			continue
		}
		for _, p := range c.judge(from, to, f, self) {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	return all
}

// judge finds the pieces of what a pair matches in a family.
func (c *comparison) judge(from, to *class, f int, self bool) []int {
	key := c.key[:0]
	match := func(yield func(lane int, sure bool)) {
		for i, word := range from.most[f] {
			word &= to.most[f][i]
			if !self {
				word &^= c.selves[i]
			}
			for sure := from.sure[f][i] & to.sure[f][i]; word != 0; word &= word - 1 {
				bit := bits.TrailingZeros64(word)
				yield(64*i+bit, sure&(1<<bit) != 0)
			}
		}
	}
	match(func(lane int, sure bool) { key = binary.AppendUvarint(key, uint64(2*lane+boolean(sure))) })
	c.key = key
	if found, ok := c.seen[string(key)]; ok {
		return found
	}
	var hits []hit
	match(func(lane int, sure bool) { hits = append(hits, hit{c.lanes[lane], sure}) })
	var all []int
	for _, p := range c.difference(hits) {
		all = append(all, c.intern(p))
	}
	c.seen[string(key)] = all
	return all
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// intern numbers a piece.
func (c *comparison) intern(p piece) int {
	var key strings.Builder
	write(&key, p.kind)
	writeBits(&key, p.items)
	for _, n := range slices.Concat(p.lanes, p.against) {
		write(&key, n.id)
	}
	i, ok := c.known[key.String()]
	if !ok {
		i = len(c.pieces)
		c.known[key.String()] = i
		c.pieces = append(c.pieces, p)
	}
	return i
}

// difference is what hits give by one file and not by the other.
func (l *layer) difference(hits []hit) []piece {
	oldSure, oldMost := l.granted(hits, false)
	nowSure, nowMost := l.granted(hits, true)
	gain := nowSure.Of(oldMost, selector.Not)
	loss := oldSure.Of(nowMost, selector.Not)
	mayGain := nowMost.Of(oldSure, selector.Not).Of(gain, selector.Not)
	mayLose := oldMost.Of(nowSure, selector.Not).Of(loss, selector.Not)
	var all []piece
	for _, one := range []struct {
		kind  Kind
		items selector.Bits
		now   bool
	}{{Gain, gain, true}, {MayGain, mayGain, true}, {Loss, loss, false}, {MayLose, mayLose, false}} {
		if one.kind == MayGain || one.kind == MayLose {
			for i := range one.items.All() {
				if l.implied(hits, i, one.now) {
					one.items[i/64] &^= 1 << (i % 64)
				}
			}
		}
		wide, narrow := l.apart(hits, one.items, one.now)
		for _, items := range []selector.Bits{wide, narrow} {
			if !items.Any() {
				continue
			}
			p := piece{kind: one.kind, items: items, lanes: l.because(hits, items, one.now)}
			if all := slices.DeleteFunc(slices.Clone(p.lanes), func(n *lane) bool { return !n.everyone }); len(all) > 0 {
				p.lanes = all
			}
			if len(p.lanes) == 0 { // what stood before it is gone, or stands there now
				p.lanes = l.because(hits, nil, !one.now)
			}
			if one.kind == MayGain || one.kind == MayLose {
				p.against = l.because(hits, items, !one.now)
			}
			all = append(all, p)
		}
	}
	return all
}

// apart separates the items that lanes for everyone give: to be in a group as well makes
// no other change of them.
func (l *layer) apart(hits []hit, items selector.Bits, now bool) (wide, narrow selector.Bits) {
	wide = l.empty()
	for _, h := range hits {
		if h.of(now) && !h.of(!now) && h.everyone {
			wide.Merge(h.items.Of(items, selector.And))
		}
	}
	return wide, items.Of(wide, selector.Not)
}

// because are the lanes of one file alone that give some items; nil are any.
func (l *layer) because(hits []hit, items selector.Bits, now bool) []*lane {
	var all []*lane
	for _, h := range hits {
		if h.of(now) && !h.of(!now) && (items == nil || h.items.Of(items, selector.And).Any()) {
			all = append(all, h.lane)
		}
	}
	return all
}

// of reports whether a lane is in a file.
func (n *lane) of(now bool) bool { return now && n.inNow || !now && n.inOld }

// implied reports whether an item that may be given by one file is given by the other
// under the same conditions.
func (l *layer) implied(hits []hit, item int, now bool) bool {
	for _, h := range hits {
		if !h.of(now) || !h.items.Has(item) || h.of(!now) {
			continue
		}
		if h.sure || !slices.ContainsFunc(hits, func(o hit) bool {
			return o.of(!now) && o.items.Has(item) && h.cond.implies(o.cond)
		}) {
			return false
		}
	}
	return true
}

// coarse tells each lane that changed by itself.
func (c *comparison) coarse() {
	c.from, c.to = nil, nil
	for _, n := range c.lanes {
		if !n.changed() {
			continue
		}
		kind := MayGain
		if n.inOld {
			kind = MayLose
		}
		c.groups = append(c.groups, group{piece: &piece{kind: kind, items: n.items, lanes: []*lane{n}}, self: n.self})
	}
}

// rest tells the lanes that changed and match nothing at all.
func (c *comparison) rest() {
	met := c.changed
	for _, side := range [][]class{c.from, c.to} {
		matched := make(selector.Bits, len(c.changed))
		for i := range side {
			matched.Merge(side[i].most[0])
			matched.Merge(side[i].most[1])
		}
		met = met.Of(matched, selector.And)
	}
	for i := range c.changed.Of(met, selector.Not).All() {
		n := c.lanes[i]
		if !n.items.Any() || c.world.filled(n.from.Src) || c.world.filled(n.to) {
			continue // the other file fills its names: what comes of it is told of them
		}
		kind := Gain
		if n.inOld {
			kind = Loss
		}
		c.groups = append(c.groups, group{piece: &piece{kind: kind, items: n.items, lanes: []*lane{n}}, nobody: true})
	}
}
