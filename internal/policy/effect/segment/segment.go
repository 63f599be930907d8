// SPDX-License-Identifier: MIT

// Package segment cuts protocols and ports into pieces that no rule tells apart, so that
// what a rule opens is a set of them.
package segment

import (
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/effect/words"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
)

// Protocols of which ports are looked at first, and those of ping.
const icmp, tcp, udp, icmp6 = 1, 6, 17, 58

// usual are the protocols of a rule that names none.
var usual = []int{icmp, tcp, udp, icmp6}

// Segment is a protocol and ports that no rule tells apart.
type Segment struct {
	Protocol int
	ports.Range
}

// List is segments in order: an item is an index of it.
type List []Segment

// Of cuts protocols and ports where one of some openings begins or ends.
func Of(opens []ports.Open) List {
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
	var all List
	for _, p := range slices.Compact(protocols) {
		if !ports.Ported(p) {
			all = append(all, Segment{p, ports.All})
			continue
		}
		for i := range len(cuts) - 1 {
			all = append(all, Segment{p, ports.Range{First: uint16(cuts[i]), Last: uint16(cuts[i+1] - 1)}})
		}
	}
	return all
}

// Items enters the segments of openings.
func (all List) Items(opens []ports.Open, into selector.Bits) selector.Bits {
	for _, o := range opens {
		protocols := append([]int{icmp, icmp6}, o.Protocols...) // ping passes where anything does
		if len(o.Protocols) == 0 {
			protocols = usual
		}
		for _, p := range protocols {
			i, _ := slices.BinarySearchFunc(all, p, func(s Segment, p int) int { return s.Protocol - p })
			for ; i < len(all) && all[i].Protocol == p; i++ {
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
func (all List) within(i int, open []ports.Range) bool {
	switch s := all[i]; {
	case s.Protocol == icmp || s.Protocol == icmp6:
		return len(open) > 0
	case !ports.Ported(s.Protocol):
		return slices.Contains(open, ports.All)
	default:
		return slices.ContainsFunc(open, func(r ports.Range) bool { return r.First <= s.First && s.Last <= r.Last })
	}
}

// Texts writes segments as policy files do: TCP and UDP of the same ports need no name.
func (all List) Texts(items selector.Bits) []string {
	joined := map[int][]ports.Range{}
	var order []int
	for i := range items.All() {
		s := all[i]
		have := joined[s.Protocol]
		if len(have) == 0 {
			order = append(order, s.Protocol)
		}
		if n := len(have); n > 0 && int(have[n-1].Last)+1 == int(s.First) {
			have[n-1].Last = s.Last
		} else {
			joined[s.Protocol] = append(have, s.Range)
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

// Words names ports for a sentence.
func Words(texts []string) string {
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
	return word + words.List(texts, 6)
}

// Open reports whether a TCP port is among segments; 0 is any.
func (all List) Open(items selector.Bits, port uint16) bool {
	for i := range items.All() {
		if s := all[i]; s.Protocol == tcp && (port == 0 || s.First <= port && port <= s.Last) {
			return true
		}
	}
	return false
}
