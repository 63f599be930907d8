// SPDX-License-Identifier: MIT

package effect

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/selector"
)

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
			return o.of(!now) && o.items.Has(item) && h.cond.Implies(o.cond)
		}) {
			return false
		}
	}
	return true
}
