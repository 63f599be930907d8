// SPDX-License-Identifier: MIT

package change

import (
	"fmt"
	"slices"
	"strings"
	"tailscale-mcp/internal/policy/compiled"

	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
)

// Protocols of which ports are looked at first, and those of ping.
const icmp, tcp, udp, icmp6 = 1, 6, 17, 58

// usual are the protocols of a rule that names none.
var usual = []int{icmp, tcp, udp, icmp6}

// segment is a protocol and ports that no rule tells apart.
type segment struct {
	protocol int
	ports.Range
}

// segments are the items of the network, in order.
type segments []segment

// network makes the layer of "acls" and "grants" without their capabilities.
func (w *world) network() *layer {
	l := w.layer("network")
	var opens []ports.Open
	for _, s := range []*side{&w.before, &w.after} {
		for _, p := range s.Rules {
			for _, to := range p.Facets {
				opens = append(opens, to.Open...)
			}
		}
	}
	all := segmentsOf(opens)
	l.number = len(all)
	l.granted = l.together
	l.opens = all.open
	l.say = func(items selector.Bits) What { return What{Ports: all.texts(items)} }
	for k, s := range []*side{&w.before, &w.after} {
		for i, p := range s.Rules {
			for _, at := range facets(p.Facets) {
				n := w.newLane(s, p.Rule, p.Sources)
				n.to, n.via, n.routed = at.to, p.Via, p.Routed
				n.items = all.of(at.open, l.empty())
				if n.items.Any() {
					l.add(n, k == 1, i)
				}
			}
		}
	}
	return l
}

// at is destinations of a rule where the same is open.
type at struct {
	to   []*selector.Set
	open []ports.Open
}

func facets(to []compiled.Facet) []at {
	var all []at
	known := map[string]int{}
	for _, t := range to {
		key := fmt.Sprint(t.Open)
		i, ok := known[key]
		if !ok {
			i = len(all)
			known[key] = i
			all = append(all, at{open: t.Open})
		}
		all[i].to = append(all[i].to, t.Dst)
	}
	return all
}

// together is what hits give where each gives its own.
func (l *layer) together(hits []hit, now bool) (sure, most selector.Bits) {
	sure, most = l.empty(), l.empty()
	for _, h := range hits {
		if h.of(now) {
			most.Merge(h.items)
			if h.sure {
				sure.Merge(h.items)
			}
		}
	}
	return sure, most
}

func (l *layer) empty() selector.Bits { return make(selector.Bits, (l.number+63)/64) }

// segmentsOf cuts protocols and ports where one of some openings begins or ends.
func segmentsOf(opens []ports.Open) segments {
	protocols := slices.Clone(usual)
	cuts := []int{0, 1 << 16}
	for _, o := range opens {
		protocols = append(protocols, o.Protocols...)
		for _, r := range o.Ports {
			cuts = append(cuts, int(r.First), int(r.Last)+1)
		}
	}
	slices.Sort(protocols)
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var all segments
	for _, p := range slices.Compact(protocols) {
		if !ports.Ported(p) {
			all = append(all, segment{p, ports.All})
			continue
		}
		for i := range len(cuts) - 1 {
			all = append(all, segment{p, ports.Range{First: uint16(cuts[i]), Last: uint16(cuts[i+1] - 1)}})
		}
	}
	return all
}

// of enters the segments of openings.
func (all segments) of(opens []ports.Open, into selector.Bits) selector.Bits {
	for _, o := range opens {
		protocols := append([]int{icmp, icmp6}, o.Protocols...) // ping passes where anything does
		if len(o.Protocols) == 0 {
			protocols = usual
		}
		for _, p := range protocols {
			i, _ := slices.BinarySearchFunc(all, p, func(s segment, p int) int { return s.protocol - p })
			for ; i < len(all) && all[i].protocol == p; i++ {
				if all.within(i, o.Ports) {
					into.Add(i)
				}
			}
		}
	}
	return into
}

// within reports whether ports let a segment pass: ping has none, and of all protocols
// without ports an opening has to have every port.
func (all segments) within(i int, open []ports.Range) bool {
	switch s := all[i]; {
	case s.protocol == icmp || s.protocol == icmp6:
		return len(open) > 0
	case !ports.Ported(s.protocol):
		return slices.Contains(open, ports.All)
	default:
		return slices.ContainsFunc(open, func(r ports.Range) bool { return r.First <= s.First && s.Last <= r.Last })
	}
}

// texts writes segments as policy files do: TCP and UDP of the same ports need no name.
func (all segments) texts(items selector.Bits) []string {
	joined := map[int][]ports.Range{}
	var order []int
	for i := range items.All() {
		s := all[i]
		have := joined[s.protocol]
		if len(have) == 0 {
			order = append(order, s.protocol)
		}
		if n := len(have); n > 0 && int(have[n-1].Last)+1 == int(s.First) {
			have[n-1].Last = s.Last
		} else {
			joined[s.protocol] = append(have, s.Range)
		}
	}
	alone := !slices.ContainsFunc(order, func(p int) bool { return p != icmp && p != icmp6 })
	both := slices.Equal(joined[tcp], joined[udp]) && len(joined[tcp]) > 0
	var texts []string
	for _, p := range order {
		ping := p == icmp || p == icmp6
		switch {
		case p == udp && both, ping && !alone, p == icmp6 && len(joined[icmp]) > 0:
			continue
		case ping:
			texts = append(texts, "icmp:*")
			continue
		}
		for _, r := range joined[p] {
			if both && p == tcp {
				texts = append(texts, r.String())
			} else {
				texts = append(texts, ports.Name(p)+":"+r.String())
			}
		}
	}
	return texts
}

// portWords names ports for a sentence.
func portWords(texts []string) string {
	if len(texts) == 1 && texts[0] == "*" {
		return "every port"
	}
	bare := func(text string) bool { return !strings.Contains(text, ":") && text != "*" }
	word := ""
	if len(texts) > 0 && bare(texts[0]) {
		word = "port "
		if len(texts) > 1 && bare(texts[1]) || strings.Contains(texts[0], "-") {
			word = "ports "
		}
	}
	return word + list(texts, 6)
}

// open reports whether a TCP port is among segments; 0 is any.
func (all segments) open(items selector.Bits, port uint16) bool {
	for i := range items.All() {
		if s := all[i]; s.protocol == tcp && (port == 0 || s.First <= port && port <= s.Last) {
			return true
		}
	}
	return false
}
