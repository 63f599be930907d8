// SPDX-License-Identifier: MIT

package risk

import (
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/ports"
	"tailscale-mcp/internal/policy/selector"
)

// reader finds what the policy file gives away.
type reader struct{ *Facts }

// everybody are the names that stand for all people or all devices.
var everybody = []string{"*", "autogroup:member", "autogroup:members", "autogroup:tagged", "autogroup:danger-all", "autogroup:shared"}

// broad reports whether one of some names stands for everybody.
func broad(sets []*selector.Set) bool {
	return slices.ContainsFunc(sets, func(s *selector.Set) bool { return slices.Contains(everybody, s.Text) })
}

// opens reports whether a destination is open at every port, to TCP at least.
func opens(f compiled.Facet) bool {
	const tcp = 6
	return slices.ContainsFunc(f.Open, func(o ports.Open) bool {
		return slices.Contains(o.Ports, ports.All) && (len(o.Protocols) == 0 || slices.Contains(o.Protocols, tcp))
	})
}

// wide are the rules whose ends have no bounds.
func (r reader) wide() []Finding {
	all := Finding{
		Rank: High, Area: Policy, Risk: "everybody reaches everything",
		Why: "one stolen device opens all others", Next: "edit_policy",
	}
	to := Finding{
		Rank: Medium, Area: Policy, Risk: "a rule opens every port of every device",
		Why: "it covers what is added later too", Next: "edit_policy with replace_rule",
	}
	from := Finding{
		Rank: Medium, Area: Policy, Risk: "everybody reaches every port of something",
		Why: "name who needs it, and the ports", Next: "explain_access with it as destination",
	}
	for _, n := range r.Policy.Rules {
		anyone, anything, some := broad(n.Src), false, false
		for _, f := range n.Facets {
			if !opens(f) {
				continue
			}
			anything = anything || slices.Contains([]string{"*", "autogroup:danger-all"}, f.Dst.Text)
			some = some || !f.Dst.Self && !f.Dst.Internet
		}
		switch {
		case anyone && anything:
			all.Where = append(all.Where, line(n.Rule))
		case anything:
			to.Where = append(to.Where, line(n.Rule))
		case anyone && some:
			from.Where = append(from.Where, line(n.Rule))
		}
	}
	return slices.Concat(found(all), found(to), found(from))
}

// shells are the rules that let many be root.
func (r reader) shells() []Finding {
	f := Finding{
		Rank: High, Area: Policy, Risk: "many may be root by Tailscale SSH",
		Why: "root of a server is all that is on it", Next: "edit_policy",
	}
	for _, s := range r.Policy.Shell {
		rule := r.Policy.File().SSH[s.Index]
		root := false
		for _, user := range rule.Users {
			root = root || user.Text == "root"
		}
		own := len(s.Dst) > 0 && !slices.ContainsFunc(s.Dst, func(d *selector.Set) bool { return !d.Self })
		if root && !own && (broad(s.Src) || r.crowd(s.Src) > many) {
			f.Where = append(f.Where, line(s.Rule))
		}
	}
	return found(f)
}

// many is how many people are too many for what is grave.
const many = 5

// crowd counts the people whom names stand for, as the file has them.
func (r reader) crowd(sets []*selector.Set) int {
	people := map[string]bool{}
	for _, s := range sets {
		switch d, ok := r.Policy.Index.Definition(s.Text); {
		case ok && strings.HasPrefix(s.Text, "group:"):
			for _, m := range d.Values {
				people[strings.ToLower(m.Text)] = true
			}
		case strings.Contains(s.Text, "@"):
			people[strings.ToLower(s.Text)] = true
		}
	}
	return len(people)
}

// published are the attributes that open something to the Internet or to all.
func (r reader) published() []Finding {
	f := Finding{
		Rank: Medium, Area: Policy, Risk: "everybody may publish to the Internet (Funnel)",
		Why: "what is published needs no Tailscale to be reached", Next: "edit_policy",
	}
	for _, a := range r.Policy.Attrs {
		for _, attr := range a.Attr {
			if attr.Text == "funnel" && broad(a.Targets) {
				f.Where = append(f.Where, line(a.Rule))
			}
		}
	}
	return found(f)
}

// untested says that rules are held by no test.
func (r reader) untested() []Finding {
	f := r.Policy.File()
	rules := len(f.ACLs) + len(f.Grants)
	if rules == 0 || len(f.Tests) > 0 {
		return nil
	}
	return []Finding{{
		Rank: Low, Area: Policy, Risk: "the policy file has no tests", Where: []string{fmt.Sprintf("%d rules", rules)},
		Why: "nothing stops a change that opens too much", Next: "edit_policy with add_test",
	}}
}
