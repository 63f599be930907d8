// SPDX-License-Identifier: MIT

package effect

import (
	"net/netip"
	"slices"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
)

// How many sources and places are told apart that are no devices.
const mostPlaces = 20_000

// origins are the sources that are no devices: pieces of the ranges that rules name, and
// after them people of other tailnets, whoever else sends, and names of nobody.
type origins struct {
	pieces []netipx.IPRange
	routed []bool // by the piece: it is behind an approved route
	names  []string
}

// place is a destination that is no device's own address.
type place struct {
	kind    string // "route", "exit", "service", "nowhere" or "name"
	device  int    // that carries it; -1: none does
	piece   netipx.IPRange
	service int
	name    string
	rest    [2]bool // of an exit: in which families it is what no rule names
}

func (l *layer) origins() (o origins, ok bool) {
	var literal []*netipx.IPSet
	for _, n := range l.lanes {
		literal = append(literal, n.from.Literal...)
		o.names = append(o.names, n.nobodies...)
	}
	slices.Sort(o.names)
	o.names = slices.Compact(o.names)
	at := address.Edges(literal)
	carried := l.world.carried()
	for _, r := range address.Union(literal).Ranges() {
		for _, piece := range address.Split(r, at) {
			o.pieces = append(o.pieces, piece)
			o.routed = append(o.routed, carried.OverlapsRange(piece))
		}
	}
	return o, len(o.pieces)+len(o.names) <= mostPlaces
}

// carried are the approved routes of the tailnet, without those of exit nodes.
func (w *world) carried() *netipx.IPSet {
	return address.Build(func(b *netipx.IPSetBuilder) {
		for _, i := range w.index.Routers {
			for _, r := range w.index.Devices[i].Approved {
				if !address.Exit(r) {
					b.AddPrefix(r)
				}
			}
		}
	})
}

func (l *layer) places() (all []place, ok bool) {
	w := l.world
	var literal []*netipx.IPSet
	var names []string
	for _, n := range l.lanes {
		literal = append(literal, n.ranges...)
		names = append(names, n.nowhere...)
		if n.internet && !w.exits() {
			names = append(names, "autogroup:internet")
		}
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		all = append(all, place{kind: "name", device: -1, service: -1, name: name})
	}
	all = append(all, w.services()...)
	if l.routes {
		at := address.Edges(append(slices.Clone(literal), address.Internet()))
		named := address.Union(literal)
		for _, i := range w.index.Routers {
			all = append(all, w.routes(i, at, named)...)
			if len(all) > mostPlaces {
				return nil, false
			}
		}
	}
	answered := w.answered(l.routes)
	at := address.Edges(literal)
	for _, r := range address.Union(literal).Ranges() {
		for _, piece := range address.Split(r, at) {
			if !answered.ContainsRange(piece) {
				all = append(all, place{kind: "nowhere", device: -1, piece: piece, service: -1})
			}
		}
	}
	return all, len(all) <= mostPlaces
}

// routes are what a device carries: its routes in pieces, and the internet where it is an
// exit node, with the pieces of it that rules name.
func (w *world) routes(i int, at []netip.Addr, named *netipx.IPSet) []place {
	var all []place
	exit := false
	for _, r := range w.index.Devices[i].Approved {
		if address.Exit(r) {
			exit = true
			continue
		}
		for _, piece := range address.Split(netipx.RangeOfPrefix(r.Masked()), at) {
			all = append(all, place{kind: "route", device: i, piece: piece, service: -1})
		}
	}
	if exit {
		if rest := remainder(named); rest[0] || rest[1] {
			all = append(all, place{kind: "exit", device: i, service: -1, rest: rest})
		}
		for _, r := range named.Ranges() {
			for _, piece := range address.Split(r, at) {
				if address.Internet().ContainsRange(piece) {
					all = append(all, place{kind: "exit", device: i, piece: piece, service: -1})
				}
			}
		}
	}
	return all
}

// remainder says in which families there is an internet beside what rules name.
func remainder(named *netipx.IPSet) (families [2]bool) {
	rest := address.Build(func(b *netipx.IPSetBuilder) {
		b.AddSet(address.Internet())
		b.RemoveSet(named)
	})
	for _, r := range rest.Ranges() {
		families[family(r.From().Is4())] = true
	}
	return families
}

func (w *world) exits() bool {
	return slices.ContainsFunc(w.index.Routers, func(i int) bool {
		return slices.ContainsFunc(w.index.Devices[i].Approved, address.Exit)
	})
}

// services are the addresses of Services, once for each device that has them.
func (w *world) services() []place {
	var all []place
	for s, svc := range w.index.Net.Services {
		for _, a := range svc.Addrs {
			one := netipx.IPRangeFrom(a, a)
			served := false
			for i := range w.targets.All() {
				if slices.Contains(w.index.Devices[i].Services, svc.Name) {
					served = true
					all = append(all, place{kind: "service", device: i, piece: one, service: s})
				}
			}
			if !served {
				all = append(all, place{kind: "service", device: -1, piece: one, service: s})
			}
		}
	}
	return all
}

// answered are all addresses for which somebody answers.
func (w *world) answered(routes bool) *netipx.IPSet {
	return address.Build(func(b *netipx.IPSetBuilder) {
		for i := range w.targets.All() {
			for _, a := range w.index.Devices[i].Addrs {
				b.Add(a)
			}
		}
		for _, s := range w.index.Net.Services {
			for _, a := range s.Addrs {
				b.Add(a)
			}
		}
		if routes {
			b.AddSet(w.carried())
			if w.exits() {
				b.AddSet(address.Internet())
			}
		}
	})
}

// reaches reports whether a lane reaches a place.
func (n *lane) reaches(p *place, routes bool) bool {
	via := len(n.via) > 0
	switch {
	case p.kind == "name":
		return slices.Contains(n.nowhere, p.name) || p.name == "autogroup:internet" && n.internet
	case via && (p.device < 0 || !n.routed.Has(p.device)):
		return false
	case p.kind == "service" && n.services[p.service]:
		return true
	case !routes:
		return p.kind == "nowhere" && n.within(p.piece)
	case p.kind == "service" && via:
		return false
	case n.everything:
		return true
	case p.kind == "exit" && n.internet:
		return true
	}
	return p.piece.IsValid() && n.within(p.piece)
}

func (n *lane) within(piece netipx.IPRange) bool {
	return slices.ContainsFunc(n.ranges, func(s *netipx.IPSet) bool { return s.ContainsRange(piece) })
}

// families are those in which a place is reached: of IPv4 and IPv6.
func (p *place) families() [2]bool {
	switch {
	case p.kind == "exit" && !p.piece.IsValid():
		return p.rest
	case !p.piece.IsValid():
		return [2]bool{true, true}
	}
	v4 := p.piece.From().Is4()
	return [2]bool{v4, !v4}
}

// has gives the families in which a device has addresses, both for a stand-in.
func (w *world) has(device int) [2]bool {
	d := &w.index.Devices[device]
	if len(d.Addrs) == 0 {
		return [2]bool{true, true}
	}
	var f [2]bool
	for _, a := range d.Addrs {
		f[0], f[1] = f[0] || a.Is4(), f[1] || a.Is6()
	}
	return f
}

// devices returns how many devices there are, stand-ins too.
func (w *world) devices() int { return len(w.index.Devices) }
