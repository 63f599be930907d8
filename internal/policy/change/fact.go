// SPDX-License-Identifier: MIT

package change

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strings"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
)

// kinds are what a policy gives, each compared for itself.
var kinds = []string{"network", "capability", "ssh", "attribute", "tag", "approval"}

// fact is what one destination of one rule gives.
type fact struct {
	rule     policy.Rule
	src, may selector.Bits // who has it surely, and who may have it
	dst, dub selector.Bits // where surely, and where it may be
	open     []ports.Open  // of the kind "network"
	things   []string      // of the other kinds
	via      []string      // tags that it goes through
	names    []string      // of the sources, as they are written
}

// key is the same for facts that give the same.
func (f *fact) key(via []string) [32]byte {
	h := sha256.New()
	for _, b := range []selector.Bits{f.src, f.may, f.dst, f.dub} {
		_ = binary.Write(h, binary.LittleEndian, []uint64(b))
		h.Write([]byte{0})
	}
	for _, o := range f.open {
		h.Write([]byte(strings.Join(o.Text(), " ") + "\n"))
	}
	h.Write([]byte(strings.Join(f.things, "\n") + "\nvia " + strings.Join(via, " ")))
	var key [32]byte
	h.Sum(key[:0])
	return key
}

// facts lists what a policy gives, of one kind, with the key of each.
func (d *difference) facts(p *policy.Policy, kind string) (all []fact, keys [][32]byte) {
	add := func(f fact, via []string) {
		all, keys = append(all, f), append(keys, f.key(via))
	}
	switch kind {
	case "network", "capability":
		for _, r := range p.Rules {
			src, may := d.sources(p, &r.Sources)
			for _, f := range r.Facets {
				one := fact{rule: r.Rule, src: src, may: may, names: written(r.Src)}
				one.dst, one.dub = d.target(p, r, f.Dst)
				if kind == "network" && len(f.Open) > 0 {
					one.open, one.via = f.Open, r.Via
					add(one, r.Via)
				} else if kind == "capability" && len(r.Caps) > 0 && len(r.Via) == 0 {
					one.things = capabilities(r)
					add(one, nil)
				}
			}
		}
	case "ssh":
		for _, r := range p.Shell {
			src, may := d.sources(p, &r.Sources)
			one := fact{rule: r.Rule, src: src, may: may, names: written(r.Src), dst: d.space.empty(), dub: d.space.empty()}
			for _, set := range r.Dst {
				dst, dub := d.target(p, &compiled.Network{}, set)
				one.dst.Merge(dst)
				one.dub.Merge(dub)
			}
			for _, user := range r.Logins() {
				one.things = append(one.things, "ssh as "+user)
				if !r.Made.Check {
					one.things = append(one.things, "ssh as "+user+" without signing in again")
				}
			}
			add(one, nil)
		}
	case "attribute":
		for _, r := range p.Attrs {
			one := fact{rule: r.Rule, src: d.space.empty(), may: d.space.empty(), dst: d.nowhere, dub: d.space.empty()}
			for _, set := range r.Targets {
				d.space.put(one.src, p, set.V4)
				d.space.put(one.src, p, set.V6)
				d.space.put(one.may, p, set.Doubt)
				one.names = append(one.names, set.Text)
			}
			for _, a := range r.Attr {
				one.things = append(one.things, "the attribute "+a.Text)
			}
			for _, c := range r.App {
				one.things = append(one.things, "the attribute "+c.Text)
			}
			add(one, nil)
		}
	default:
		for _, one := range d.powers(p, kind) {
			add(one, nil)
		}
	}
	return all, keys
}

// capabilities names the capabilities of a rule with their values.
func capabilities(r *compiled.Network) []string {
	var all []string
	for _, c := range r.Caps {
		if len(c.Values) == 0 {
			all = append(all, c.Text)
		}
		for _, v := range c.Values {
			all = append(all, fmt.Sprintf("%s %s", c.Text, canonical(v)))
		}
	}
	return all
}

func written(sets []*selector.Set) []string {
	var all []string
	for _, s := range sets {
		all = append(all, s.Text)
	}
	return all
}

// sources makes a set of ends of the sources of a rule.
func (d *difference) sources(p *policy.Policy, s *compiled.Sources) (sure, may selector.Bits) {
	sure, may = d.space.empty(), d.space.empty()
	d.space.put(sure, p, s.S4)
	d.space.put(sure, p, s.S6)
	d.space.put(may, p, s.M4)
	d.space.put(may, p, s.M6)
	d.space.add(sure, anyone, s.Anyone)
	d.space.add(sure, everyone, s.Everyone)
	d.space.add(sure, shared, s.Everyone || s.Strangers)
	for name, ranges := range d.space.literals {
		d.space.add(sure, name, s.Contains(ranges))
	}
	return sure, may.Of(sure, selector.Not)
}

// target makes a set of ends of a destination of a rule.
func (d *difference) target(p *policy.Policy, r *compiled.Network, dst *selector.Set) (sure, may selector.Bits) {
	sure, may = d.space.empty(), d.space.empty()
	if dst.Everyone {
		for i := range d.space.devices {
			if len(r.Via) == 0 {
				sure.Add(i)
			}
		}
		for _, name := range d.space.names {
			d.space.add(sure, name, name != anyone && name != everyone && name != shared)
		}
		return sure, may
	}
	if len(r.Via) == 0 && dst.Service < 0 && !dst.Internet {
		d.space.put(sure, p, dst.V4)
		d.space.put(sure, p, dst.V6)
		d.space.put(may, p, dst.Doubt)
	}
	d.space.add(sure, self, dst.Self || dst.Text == "autogroup:member" || dst.Text == "autogroup:members")
	d.space.add(sure, internet, dst.Internet)
	if dst.Service >= 0 {
		d.space.add(sure, dst.Text, true)
	} else if dst.Ranges != nil {
		for name, ranges := range d.space.literals {
			d.space.add(sure, name, compiled.Includes(dst.Ranges, ranges))
		}
	}
	return sure, may.Of(sure, selector.Not)
}
