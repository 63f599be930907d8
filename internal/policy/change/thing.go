// SPDX-License-Identifier: MIT

package change

import (
	"slices"

	"tailscale-mcp/internal/policy/ports"
)

// thing is what is gained or lost: a protocol with a range of ports that no fact of the
// group splits, or a text.
type thing struct {
	protocol int
	ports    ports.Range
	text     string
}

// given reports whether a fact gives the thing.
func (t thing) given(f *fact) bool {
	if t.text != "" {
		return slices.Contains(f.things, t.text)
	}
	return slices.ContainsFunc(f.open, func(o ports.Open) bool {
		return slices.Contains(protocols(o), t.protocol) && slices.ContainsFunc(o.Ports, func(r ports.Range) bool { return r.First <= t.ports.First && t.ports.Last <= r.Last })
	})
}

// ping stands for the other protocols that an opening without one has.
const ping = 1

// protocols are those of an opening.
func protocols(o ports.Open) []int {
	if len(o.Protocols) == 0 {
		return []int{ping, 6, 17}
	}
	return o.Protocols
}

// things lists what the changed facts of a group give, in pieces.
func things(kind string, g *group, old, now side) []thing {
	if kind == "network" {
		return pieces(g, old, now)
	}
	var all []thing
	seen := map[string]bool{}
	changed(g, old, now, func(f *fact) {
		for _, text := range f.things {
			if !seen[text] {
				seen[text] = true
				all = append(all, thing{text: text})
			}
		}
	})
	return all
}

// changed visits the changed facts of a group.
func changed(g *group, old, now side, visit func(*fact)) {
	for _, i := range g.old {
		if old.changed[i] {
			visit(&old.facts[i])
		}
	}
	for _, i := range g.now {
		if now.changed[i] {
			visit(&now.facts[i])
		}
	}
}

// pieces cuts the ports of the changed facts where any fact of the group begins or ends.
func pieces(g *group, old, now side) []thing {
	cuts := []int{0, 1 << 16}
	note := func(f *fact) {
		for _, o := range f.open {
			for _, r := range o.Ports {
				cuts = append(cuts, int(r.First), int(r.Last)+1)
			}
		}
	}
	for _, i := range g.old {
		note(&old.facts[i])
	}
	for _, i := range g.now {
		note(&now.facts[i])
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	seen := map[thing]bool{}
	var all []thing
	changed(g, old, now, func(f *fact) {
		for _, o := range f.open {
			for _, p := range protocols(o) {
				for _, r := range o.Ports {
					i, _ := slices.BinarySearch(cuts, int(r.First))
					for ; i+1 < len(cuts) && cuts[i] <= int(r.Last); i++ {
						t := thing{protocol: p, ports: ports.Range{First: uint16(cuts[i]), Last: uint16(cuts[i+1] - 1)}}
						if !seen[t] {
							seen[t] = true
							all = append(all, t)
						}
					}
				}
			}
		}
	})
	return all
}

// texts names things: ports that meet as one range, and protocols together where they
// have the same ports.
func texts(all []thing) []string {
	var out []string
	by := map[int][]ports.Range{}
	var order []int
	for _, t := range all {
		if t.text != "" {
			out = append(out, t.text)
			continue
		}
		if by[t.protocol] == nil {
			order = append(order, t.protocol)
		}
		by[t.protocol] = append(by[t.protocol], t.ports)
	}
	slices.Sort(order)
	for p, ranges := range by {
		slices.SortFunc(ranges, func(a, b ports.Range) int { return int(a.First) - int(b.First) })
		var joined []ports.Range
		for _, r := range ranges {
			if n := len(joined); n > 0 && int(joined[n-1].Last)+1 >= int(r.First) {
				joined[n-1].Last = max(joined[n-1].Last, r.Last)
			} else {
				joined = append(joined, r)
			}
		}
		by[p] = joined
	}
	if slices.Equal(by[6], by[17]) && slices.Equal(by[6], by[ping]) && len(by[6]) > 0 {
		for _, r := range by[6] {
			out = append(out, r.String())
		}
		order = slices.DeleteFunc(order, func(p int) bool { return p == ping || p == 6 || p == 17 })
	}
	for _, p := range order {
		for _, r := range by[p] {
			out = append(out, ports.Name(p)+":"+r.String())
		}
	}
	return out
}
