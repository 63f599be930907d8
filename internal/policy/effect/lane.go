// SPDX-License-Identifier: MIT

package effect

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/effect/condition"
	"tailscale-mcp/internal/policy/selector"
)

// lane is what one rule gives to its sources on those of its destinations where it gives
// the same. Lanes of both files that mean the same are one.
type lane struct {
	id                 int
	inOld, inNow       bool
	everyone           bool          // its sources are everyone, or every person
	rule               compiled.Rule // of the old file, unless it is in the new one alone
	placeOld, placeNow int           // where it stands among those that decide, for ssh

	from compiled.Sources
	cond condition.Condition

	to                         []*selector.Set
	everything, internet, self bool
	v4, v6, may4, may6         selector.Bits // devices that are destinations by their own addresses
	ranges                     []*netipx.IPSet
	services                   map[int]bool
	via                        []string
	routed                     selector.Bits

	// Names of sources and destinations that stand for nothing in this tailnet.
	nobodies, nowhere []string

	items selector.Bits // what is given, as the layer numbers it
}

// layer is one way in which a file gives something: the network, capabilities, ssh.
type layer struct {
	world *world
	what  string // "network", "app" or "ssh"
	lanes []*lane
	found map[[sha256.Size]byte]*lane
	// written are the texts that stand for sets of addresses.
	written map[*netipx.IPSet]string
	routes  bool // destinations are also what devices carry for others

	// granted returns which items hits give by one file, surely and at most.
	granted func(hits []hit, now bool) (sure, most selector.Bits)
	number  int                                         // of items
	say     func(items selector.Bits) What              // names items
	opens   func(items selector.Bits, port uint16) bool // of the network
}

func (w *world) layer(what string) *layer {
	return &layer{world: w, what: what, found: map[[sha256.Size]byte]*lane{}, written: map[*netipx.IPSet]string{}, routes: what == "network"}
}

// add enters what a rule gives, as lanes: those of which it is not known whether a source
// or a destination is one are lanes of their own, so that a lane has one condition. order
// is where the rule stands in its file.
func (l *layer) add(n lane, now bool, order int) {
	n.destinations(l.world)
	named := l.world.named(n.from.Src)
	sure, doubt := n, n
	sure.cond.Doubts = nil
	sure.from.Strangers = false
	sure.from.M4, sure.from.M6 = n.from.M4.Of(named, selector.And), n.from.M6.Of(named, selector.And)
	doubt.from.S4, doubt.from.S6, doubt.from.Literal, doubt.from.Anyone = nil, nil, nil, false
	doubt.from.M4, doubt.from.M6 = n.from.M4.Of(named, selector.Not), n.from.M6.Of(named, selector.Not)
	sure.nobodies = l.world.nobody(n.from.Src)
	may := doubt.from.Strangers || doubt.from.M4.Any() || doubt.from.M6.Any()
	if may {
		l.onto(doubt, now, order)
	}
	if f := sure.from; !may || f.S4.Any() || f.S6.Any() || f.M4.Any() || f.M6.Any() || f.Anyone || len(f.Literal)+len(sure.nobodies) > 0 {
		l.onto(sure, now, order)
	}
}

// onto splits a lane by its destinations: those that are sure, those that may be, and
// people's own devices.
func (l *layer) onto(n lane, now bool, order int) {
	sure, doubt, own := n, n, n
	sure.may4, sure.may6, sure.cond.Onto, sure.nowhere, sure.self = nil, nil, nil, l.world.nobody(n.to), false
	doubt.nothing(true)
	own.nothing(false)
	may := n.may4.Any() || n.may6.Any()
	if may {
		l.enter(doubt, now, order)
	}
	if n.self {
		l.enter(own, now, order)
	}
	if !may && !n.self || sure.v4.Any() || sure.v6.Any() || n.everything || n.internet || len(n.ranges)+len(n.services)+len(sure.nowhere) > 0 {
		l.enter(sure, now, order)
	}
}

// nothing takes from a lane the destinations that are sure, and people's own devices; or
// all but those.
func (n *lane) nothing(own bool) {
	n.v4, n.v6, n.ranges, n.services, n.everything, n.internet = nil, nil, nil, nil, false, false
	if own {
		n.self = false
	} else {
		n.may4, n.may6, n.cond.Onto = nil, nil, nil
	}
}

func (l *layer) enter(n lane, now bool, order int) {
	key := l.key(&n)
	have := l.found[key]
	if have == nil {
		l.world.index.Share(&n.v4, &n.v6, &n.may4, &n.may6, &n.from.S4, &n.from.S6, &n.from.M4, &n.from.M6)
		have = &n
		have.id = len(l.lanes)
		l.lanes = append(l.lanes, have)
		l.found[key] = have
	}
	switch {
	case now && !have.inNow:
		have.inNow, have.placeNow = true, order
	case !now && !have.inOld:
		have.inOld, have.placeOld = true, order
	}
}

// named are the devices that selectors surely name.
func (w *world) named(sets []*selector.Set) selector.Bits {
	all := w.index.Empty()
	for _, s := range sets {
		all.Merge(s.V4)
		all.Merge(s.V6)
		if s.Everyone || s.Anyone {
			all.Merge(w.live())
		}
	}
	return all
}

// changed reports whether a lane is in one of the files alone.
func (n *lane) changed() bool { return n.inOld != n.inNow }

// newLane begins a lane: a rule, its sources, and under which conditions they are.
func (w *world) newLane(s *side, rule compiled.Rule, from compiled.Sources) lane {
	return lane{rule: rule, everyone: slices.ContainsFunc(from.Src, isEveryone), from: w.everyone(from), cond: s.condition(from.Src, from.Postures)}
}

// everyone adds the stand-ins to the sources of a rule for all: they have no address by
// which it would find them.
func (w *world) everyone(from compiled.Sources) compiled.Sources {
	all := slices.ContainsFunc(from.Src, func(s *selector.Set) bool { return s.Everyone || s.Anyone })
	if !all {
		return from
	}
	live := w.live()
	with := func(b selector.Bits) selector.Bits { return b.Of(live, selector.Or) }
	if len(from.Postures) == 0 {
		from.S4, from.S6 = with(from.S4), with(from.S6)
	} else {
		from.M4, from.M6 = with(from.M4), with(from.M6)
	}
	return from
}

// live are the stand-ins that count.
func (w *world) live() selector.Bits {
	all := w.index.Empty()
	for i := range w.stands.All() {
		if w.index.Live(i) && len(w.index.Devices[i].Addrs) == 0 {
			all.Add(i)
		}
	}
	return all
}

// destinations works out what the destinations of a lane are.
func (n *lane) destinations(w *world) {
	n.v4, n.v6 = w.index.Empty(), w.index.Empty()
	may := w.index.Empty()
	n.services = map[int]bool{}
	for _, d := range n.to {
		n.everything, n.internet, n.self = n.everything || d.Everyone, n.internet || d.Internet, n.self || d.Self
		switch {
		case d.Service >= 0:
			n.services[d.Service] = true
			continue
		case d.Internet || d.Self:
			continue
		case d.Ranges != nil && !d.Everyone:
			n.ranges = append(n.ranges, d.Ranges)
		}
		n.v4.Merge(d.V4)
		n.v6.Merge(d.V6)
		may.Merge(d.Doubt)
	}
	if n.everything {
		n.v4, n.v6 = w.targets, w.targets
	}
	n.v4, n.v6, may = n.v4.Of(w.targets, selector.And), n.v6.Of(w.targets, selector.And), may.Of(w.targets, selector.And)
	if len(n.via) > 0 {
		n.v4, n.v6, may, n.self = w.index.Empty(), w.index.Empty(), w.index.Empty(), false
	}
	n.may4, n.may6 = may.Of(n.v4, selector.Not), may.Of(n.v6, selector.Not)
	if may.Any() {
		for _, d := range n.to {
			if d.Doubt.Any() {
				n.cond.Onto = append(n.cond.Onto, d.Text)
			}
		}
	}
}

// key identifies what a lane means.
func (l *layer) key(n *lane) [sha256.Size]byte {
	h := sha256.New()
	for _, b := range []selector.Bits{n.from.S4, n.from.S6, n.from.M4, n.from.M6, n.v4, n.v6, n.may4, n.may6, n.routed, n.items} {
		writeBits(h, b)
	}
	write(h, n.from.Anyone, n.from.Strangers, n.everything, n.internet, n.self, len(n.via) > 0)
	write(h, slices.Sorted(maps.Keys(n.services)), l.ranges(n.from.Literal), l.ranges(n.ranges))
	write(h, n.cond.Text(), fmt.Sprintf("%q %q", n.nobodies, n.nowhere))
	return [sha256.Size]byte(h.Sum(nil))
}

func writeBits(to io.Writer, b selector.Bits) {
	var some [512]byte
	part := binary.LittleEndian.AppendUint64(some[:0], uint64(len(b)))
	for _, word := range b {
		if part = binary.LittleEndian.AppendUint64(part, word); len(part) == len(some) {
			_, _ = to.Write(part) // a hash takes everything
			part = part[:0]
		}
	}
	_, _ = to.Write(part)
}

func write(to io.Writer, values ...any) {
	for _, v := range values {
		_, _ = fmt.Fprintf(to, "%q\n", fmt.Sprint(v))
	}
}

// ranges stands for the addresses of sets: the same text for the same addresses. That of one
// set is kept, since many rules have "*".
func (l *layer) ranges(sets []*netipx.IPSet) string {
	if len(sets) == 1 && l.written[sets[0]] != "" {
		return l.written[sets[0]]
	}
	sum := sha256.Sum256([]byte(fmt.Sprint(address.Union(sets).Ranges())))
	if len(sets) == 1 {
		l.written[sets[0]] = string(sum[:])
	}
	return string(sum[:])
}

// nobody returns the names that stand for nothing in this tailnet by either file: what
// is given by them is told apart by the name alone.
func (w *world) nobody(sets []*selector.Set) []string {
	var all []string
	for _, s := range sets {
		if empty(s) && empty(w.before.Index.Resolve(s.Text)) && empty(w.after.Index.Resolve(s.Text)) {
			all = append(all, s.Text)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// filled reports whether a name stands for nothing by the one file, and for something by
// the other.
func (w *world) filled(sets []*selector.Set) bool {
	return slices.ContainsFunc(sets, func(s *selector.Set) bool {
		return empty(s) && !(empty(w.before.Index.Resolve(s.Text)) && empty(w.after.Index.Resolve(s.Text)))
	})
}

// empty reports whether a selector stands for nothing in this tailnet.
func empty(s *selector.Set) bool {
	return !s.V4.Any() && !s.V6.Any() && !s.Doubt.Any() && (s.Ranges == nil || len(s.Ranges.Ranges()) == 0) &&
		!s.Everyone && !s.Anyone && !s.Self && !s.Internet && !s.Strangers
}
