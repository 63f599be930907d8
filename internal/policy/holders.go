// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"

	"tailscale-mcp/internal/policy/compiled"
)

// Holding is what one rule gives, or may give, of an application capability on a
// destination: to whom, and its values.
type Holding struct {
	Access
	Values []json.RawMessage // plain JSON; empty: the capability without values
}

// Holders says who holds a capability on a destination, rule by rule, in the order of
// the file; where a rule has some that surely do and some that may, in two answers.
func (p *Policy) Holders(dst Endpoint, capability string) []Holding {
	var out []Holding
	who := p.crowdOf(dst.ends)
	for _, r := range p.Rules {
		c, there := capabilityOf(r, capability)
		if !there {
			continue
		}
		hit, self := compiled.Match{}, false
		for _, f := range r.Facets {
			m := who.targets(r, f.Dst)
			hit.Sure |= m.Sure
			hit.May |= m.May
			self = self || f.Dst.Self && m.Sure|m.May != 0
		}
		if hit.Sure|hit.May == 0 {
			continue
		}
		sure, may := Access{Rule: r.Rule, Answer: Yes}, Access{Rule: r.Rule, Answer: Unknown}
		p.sides(r, who, self, hit, &sure, &may)
		for _, a := range appendAccess(nil, sure, may) {
			out = append(out, Holding{a, c.Values})
		}
	}
	return out
}
