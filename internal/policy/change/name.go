// SPDX-License-Identifier: MIT

package change

import (
	"math/bits"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/policy/selector"
)

// party is a name for a set of ends.
type party struct {
	Party
	set  selector.Bits
	size int
}

// known lists the names by which ends may be told: those of groups, tags and people, the
// larger first. Devices and what is no device have their own.
func (d *difference) known() []party {
	var all []party
	seen := map[string]bool{}
	add := func(kind, name string, p *policy.Policy, sets ...selector.Bits) {
		set := d.space.empty()
		for _, s := range sets {
			d.space.put(set, p, s)
		}
		if n := count(set); n > 0 && !seen[name] {
			seen[name] = true
			all = append(all, party{Party{kind, name}, set, n})
		}
	}
	for _, p := range []*policy.Policy{d.now, d.old} {
		for _, name := range []string{"autogroup:member", "autogroup:tagged", "autogroup:owner", "autogroup:admin"} {
			s := p.Index.Find(name)
			add("autogroup", name, p, s.V4, s.V6)
		}
		for _, g := range p.Parsed.Groups {
			// A group that is not the same in both files has no name for the difference.
			if one, other := d.old.Index.Find(g.Text), d.now.Index.Find(g.Text); slices.Equal(one.V4[:d.space.devices/64], other.V4[:d.space.devices/64]) {
				add("group", g.Text, p, p.Index.Find(g.Text).V4)
			}
		}
		for _, t := range p.Parsed.TagOwners {
			add("tag", t.Text, p, p.Index.Find(t.Text).V4)
		}
		for i := range p.Index.Devices {
			for _, t := range p.Index.Devices[i].Tags {
				if !seen[t] {
					add("tag", t, p, p.Index.Find(t).V4)
				}
			}
		}
		for i := range p.Net.People {
			login := p.Net.People[i].Login
			one := p.Index.Empty()
			for _, device := range p.Index.Owned(login) {
				one.Add(device)
			}
			add("person", login, p, one)
		}
	}
	slices.SortStableFunc(all, func(a, b party) int { return b.size - a.size })
	return all
}

func count(b selector.Bits) int {
	n := 0
	for _, w := range b {
		n += bits.OnesCount64(w)
	}
	return n
}

// within reports whether all of a set is in another.
func within(part, whole selector.Bits) bool {
	for i, w := range part {
		if w&^whole[i] != 0 {
			return false
		}
	}
	return true
}

// meet reports whether two sets have an end in common.
func meet(a, b selector.Bits) bool {
	for i, w := range a {
		if w&b[i] != 0 {
			return true
		}
	}
	return false
}

// manyParties is how many names one end of a change has at most.
const manyParties = 50

// names tells a set of ends by as few names as are found: first those that the rules use,
// then the largest.
func (d *difference) names(set selector.Bits, preferred []string) []Party {
	var all []Party
	left := slices.Clone(set)
	for name, kind := range map[string]string{everything: "everything", anyone: "everyone", everyone: "everyone"} {
		if set.Has(d.space.at[name]) && (name != everyone || !set.Has(d.space.at[anyone])) {
			all = append(all, Party{kind, name})
		}
	}
	if len(all) > 0 {
		return all
	}
	take := func(p party) {
		if within(p.set, set) && meet(p.set, left) {
			all = append(all, p.Party)
			for i, w := range p.set {
				left[i] &^= w
			}
		}
	}
	for _, p := range d.parties {
		if slices.Contains(preferred, p.Name) {
			take(p)
		}
	}
	for _, p := range d.parties {
		if left.Any() {
			take(p)
		}
	}
	for e := range left.All() {
		if len(all) >= manyParties {
			return append(all, Party{"device", "and others"})
		}
		all = append(all, d.single(e))
	}
	return all
}

// single is the name of one end.
func (d *difference) single(e int) Party {
	if e < d.space.devices {
		device := d.now.Index.Devices[e]
		if device.Name != "" {
			return Party{"device", device.Name}
		}
		return Party{"device", device.ID + device.Login}
	}
	name := d.space.names[e-d.space.devices]
	switch {
	case strings.HasPrefix(name, "tag:"):
		return Party{"tag", name}
	case strings.HasPrefix(name, "svc:"):
		return Party{"service", name}
	case name == self || name == shared || name == internet:
		return Party{"autogroup", name}
	}
	return Party{"address", name}
}
