// SPDX-License-Identifier: MIT

package risk

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go4.org/netipx"

	"tailscale-mcp/internal/policy/address"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/selector"
)

// unused are the rules that give nobody anything: all of an end is nobody's. What cannot
// be known, such as who is in a group that is synced, is taken for somebody.
func (r reader) unused() []Finding {
	f := Finding{
		Rank: Low, Area: Policy, Risk: "a rule is for nobody, or leads nowhere",
		Why: "whoever gets that name one day gets the access", Next: "edit_policy with remove_rule",
	}
	for _, n := range r.Policy.Rules {
		var dst []*selector.Set
		for _, facet := range n.Facets {
			dst = append(dst, facet.Dst)
		}
		if r.nobody(n.Src) || r.nobody(dst) {
			f.Where = append(f.Where, line(n.Rule))
		}
	}
	for _, s := range r.Policy.Shell {
		if r.nobody(s.Src) || r.nobody(s.Dst) {
			f.Where = append(f.Where, line(s.Rule))
		}
	}
	return found(f)
}

// nobody reports whether none of some names stands for anybody.
func (r reader) nobody(sets []*selector.Set) bool {
	return len(sets) > 0 && !slices.ContainsFunc(sets, func(s *selector.Set) bool { return !r.empty(s.Text) })
}

// empty reports whether a name surely stands for no person, device or route.
func (r reader) empty(name string) bool {
	x, net := r.Policy.Index, r.Policy.Tailnet()
	switch kind, _, _ := strings.Cut(name, ":"); {
	case kind == "group":
		d, ok := x.Definition(name)
		return ok && !net.Partial && !slices.ContainsFunc(d.Values, func(m grammar.Name) bool { return !r.empty(m.Text) })
	case kind == "tag":
		return !slices.ContainsFunc(net.Devices, func(d device) bool { return hasTag(d.Tags, name) })
	case slices.Contains([]string{"autogroup", "svc", "ipset", "user"}, kind), name == "*":
		return false
	case strings.Contains(name, "@"):
		return !net.Partial && !x.Listed(name)
	}
	if d, ok := x.Definition(name); ok && len(d.Values) == 1 {
		name = d.Values[0].Text
	}
	a, ok := address.Parse(name)
	return ok && !r.reached(a)
}

// reached reports whether a device has an address of a range, or carries some of it.
func (r reader) reached(a netipx.IPRange) bool {
	for i := range r.Policy.Net.Devices {
		d := &r.Policy.Net.Devices[i]
		if slices.ContainsFunc(d.Addrs, a.Contains) || slices.ContainsFunc(d.Approved, func(p netip.Prefix) bool { return netipx.RangeOfPrefix(p).Overlaps(a) }) {
			return true
		}
	}
	return false
}

func hasTag(tags []string, tag string) bool {
	return slices.ContainsFunc(tags, func(t string) bool { return strings.EqualFold(t, tag) })
}

// definitions are the names of the file that stand for nobody, and people in it who are
// not in the tailnet or may not use it.
func (r reader) definitions() []Finding {
	file, net := r.Policy.File(), r.Policy.Tailnet()
	empty := Finding{
		Rank: Low, Area: Policy, Risk: "a group, tag or host of the file is nobody",
		Why: "left over, or a typing error that hides who is meant", Next: "edit_policy",
	}
	gone := Finding{
		Rank: Medium, Area: Policy, Risk: "the file names people who are no users of the tailnet, or suspended",
		Why: "they get it all if they come back", Next: "offboard_person with each",
	}
	for _, g := range file.Groups {
		if r.empty(g.Text) {
			empty.Where = append(empty.Where, defined(g, "groups"))
		}
	}
	for _, t := range file.TagOwners {
		if r.empty(t.Text) {
			empty.Where = append(empty.Where, defined(t, "tagOwners"))
		}
	}
	for _, h := range file.Hosts {
		if r.empty(h.Text) {
			empty.Where = append(empty.Where, defined(h, "hosts"))
		}
	}
	if !net.Partial {
		gone.Where = r.strangers()
	}
	return slices.Concat(found(empty), found(gone))
}

func defined(d grammar.Definition, section string) string {
	return fmt.Sprintf("%s line %d: %s", section, d.Line, d.Text)
}

// strangers are the logins of the file that belong to nobody who may use the tailnet,
// each with its first line.
func (r reader) strangers() (all []string) {
	file, seen := r.Policy.File(), map[string]bool{}
	look := func(names ...grammar.Name) {
		for _, n := range names {
			login := strings.ToLower(n.Text)
			if !strings.Contains(login, "@") || strings.ContainsAny(login, ":*") || seen[login] {
				continue
			}
			seen[login] = true
			i := slices.IndexFunc(r.Policy.Net.People, func(p person) bool { return strings.EqualFold(p.Login, login) })
			switch {
			case i < 0:
				all = append(all, fmt.Sprintf("line %d: %s", n.Line, n.Text))
			case r.Policy.Net.People[i].Suspended:
				all = append(all, fmt.Sprintf("line %d: %s (suspended)", n.Line, n.Text))
			}
		}
	}
	for _, section := range [][]grammar.Definition{file.Groups, file.TagOwners, file.AutoApprovers.Routes, file.AutoApprovers.Services} {
		for _, d := range section {
			look(d.Values...)
		}
	}
	look(file.AutoApprovers.ExitNode...)
	for _, a := range file.ACLs {
		look(a.Src...)
	}
	for _, g := range file.Grants {
		look(g.Src...)
		look(g.Dst...)
	}
	for _, s := range file.SSH {
		look(s.Src...)
	}
	for _, a := range file.NodeAttrs {
		look(a.Target...)
	}
	return all
}
