// SPDX-License-Identifier: MIT

package effect

import (
	"encoding/binary"
	"maps"
	"slices"

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
