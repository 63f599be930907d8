// SPDX-License-Identifier: MIT

package effect

import (
	"encoding/binary"
	"slices"

	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/selector"
)

// How much memory the table of one side of a layer may take, in words.
const mostWords = 2 << 20

// class is sources, or destinations, that no lane tells apart.
type class struct {
	members []int
	// For IPv4 and IPv6: the lanes that match them surely, and those that may too.
	sure, most [2]selector.Bits
	changed    bool   // a lane that changed is among them
	owner      string // of all of the members, if they have one owner
	today      bool   // a member is there today, and no mere name
	senders    bool   // a member is a device, or somebody of another tailnet
	network    bool   // a member is an exit node, or a whole subnet
}

// table is a row of lanes for each source or destination.
type table struct {
	words int // of one set of lanes
	rows  []uint64
}

func (l *layer) table(n int) (*table, bool) {
	words := (len(l.lanes) + 63) / 64
	if n*words*4 > mostWords {
		return nil, false
	}
	return &table{words, make([]uint64, n*words*4)}, true
}

// set notes that a lane matches a source or destination in a family.
func (t *table) set(at, lane, family int, sure bool) {
	row := t.rows[at*t.words*4:]
	mask := uint64(1) << (lane % 64)
	row[(2*family+1)*t.words+lane/64] |= mask
	if sure {
		row[2*family*t.words+lane/64] |= mask
	}
}

// classes puts equal rows together.
func (t *table) classes(changed selector.Bits) []class {
	var all []class
	known := map[string]int{}
	width := t.words * 4
	var key []byte
	for i := 0; i*width < len(t.rows); i++ {
		row := t.rows[i*width : (i+1)*width]
		key = key[:0]
		for _, word := range row {
			key = binary.LittleEndian.AppendUint64(key, word)
		}
		c, ok := known[string(key)]
		if !ok {
			c = len(all)
			known[string(key)] = c
			part := func(i int) selector.Bits { return row[i*t.words : (i+1)*t.words] }
			one := class{sure: [2]selector.Bits{part(0), part(2)}, most: [2]selector.Bits{part(1), part(3)}}
			one.changed = one.most[0].Of(one.most[1], selector.Or).Of(changed, selector.And).Any()
			all = append(all, one)
		}
		all[c].members = append(all[c].members, i)
	}
	return all
}

// sources makes the classes of sources.
func (l *layer) sources(o *origins, changed selector.Bits) ([]class, bool) {
	n := l.world.devices()
	strangers, anyone := n+len(o.pieces), n+len(o.pieces)+1
	t, ok := l.table(anyone + 1 + len(o.names))
	if !ok {
		return nil, false
	}
	for _, lane := range l.lanes {
		l.devices(t, lane)
		for k, piece := range o.pieces {
			for _, literal := range lane.from.Literal {
				if literal.ContainsRange(piece) {
					t.set(n+k, lane.id, family(piece.From().Is4()), true)
				}
			}
		}
		for k, name := range o.names {
			if slices.Contains(lane.nobodies, name) {
				t.set(anyone+1+k, lane.id, 0, true)
				t.set(anyone+1+k, lane.id, 1, true)
			}
		}
		everyone := lane.from.Anyone || len(lane.cond.Postures) == 0 && len(lane.from.Literal) > 0 &&
			slices.ContainsFunc(lane.from.Src, func(s *selector.Set) bool { return s.Everyone })
		for f := range 2 {
			if lane.from.Anyone {
				t.set(anyone, lane.id, f, true)
			}
			if everyone || lane.from.Strangers {
				t.set(strangers, lane.id, f, everyone)
			}
		}
	}
	return t.classes(changed), true
}

// devices enters the devices that are sources of a lane, by the families they have.
func (l *layer) devices(t *table, lane *lane) {
	for f, b := range [2][2]selector.Bits{{lane.from.S4, lane.from.M4}, {lane.from.S6, lane.from.M6}} {
		for i := range b[0].All() {
			if l.world.has(i)[f] {
				t.set(i, lane.id, f, true)
			}
		}
		for i := range b[1].All() {
			if l.world.has(i)[f] {
				t.set(i, lane.id, f, false)
			}
		}
	}
	if lane.from.Anyone {
		for i := range l.world.devices() {
			for f, has := range l.world.has(i) {
				if has && l.world.index.Live(i) {
					t.set(i, lane.id, f, true)
				}
			}
		}
	}
}

// destinations makes the classes of destinations.
func (l *layer) destinations(places []place, changed selector.Bits) ([]class, bool) {
	w := l.world
	n := w.devices()
	t, ok := l.table(n + len(places))
	if !ok {
		return nil, false
	}
	for _, lane := range l.lanes {
		may := [2]selector.Bits{lane.may4, lane.may6}
		for f, b := range [2]selector.Bits{lane.v4, lane.v6} {
			for i := range b.All() {
				if w.has(i)[f] {
					t.set(i, lane.id, f, true)
				}
			}
			for i := range may[f].All() {
				if w.has(i)[f] {
					t.set(i, lane.id, f, false)
				}
			}
			for i := range n {
				if lane.self && w.has(i)[f] && w.index.Member(i) && w.targets.Has(i) {
					t.set(i, lane.id, f, true)
				}
			}
		}
		for k := range places {
			if lane.reaches(&places[k], l.routes) {
				for f, has := range places[k].families() {
					if has {
						t.set(n+k, lane.id, f, true)
					}
				}
			}
		}
	}
	return t.classes(changed), true
}

func family(v4 bool) int {
	if v4 {
		return 0
	}
	return 1
}

// owned notes whose all members of each class are.
func (w *world) owned(classes []class) {
	for i := range classes {
		c := &classes[i]
		for k, m := range c.members {
			owner := w.owner(m)
			if owner == "" || k > 0 && owner != c.owner {
				c.owner = ""
				break
			}
			c.owner = owner
		}
	}
}

// look notes what the members of classes are.
func (c *comparison) look() {
	n := c.world.devices()
	for i := range c.from {
		for _, m := range c.from[i].members {
			device := m < n
			c.from[i].today = c.from[i].today || device && !c.world.absent.Has(m) || c.somebody(m)
			c.from[i].senders = c.from[i].senders || device || m >= n+len(c.origins.pieces)
		}
	}
	for i := range c.to {
		for _, m := range c.to[i].members {
			c.to[i].today = c.to[i].today || c.there(m)
			if m >= n {
				p := &c.places[m-n]
				c.to[i].network = c.to[i].network || p.kind == "exit" || p.kind == "route" && !address.Single(p.piece)
			}
		}
	}
}

// there reports whether a destination is there today.
func (c *comparison) there(m int) bool {
	if n := c.world.devices(); m >= n {
		return c.places[m-n].device >= 0
	}
	return !c.world.absent.Has(m)
}
