// SPDX-License-Identifier: MIT

package policy

import (
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/policy/grammar"
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
	for _, r := range p.rules {
		i := slices.IndexFunc(r.caps, func(c grammar.Capability) bool { return c.Text == capability })
		if i < 0 {
			continue
		}
		hit, self := match{}, false
		for _, f := range r.facets {
			for _, d := range dst.ends {
				m := p.target(r, f.dst, d, d)
				hit.sure |= m.sure
				hit.may |= m.may
				self = self || f.dst.Self && m.sure != 0
			}
		}
		if hit.sure|hit.may == 0 {
			continue
		}
		sure, may := Access{Rule: r.Rule, Answer: Yes}, Access{Rule: r.Rule, Answer: Unknown}
		p.sides(r, dst, self, hit, &sure, &may)
		for _, a := range appendAccess(nil, sure, may) {
			out = append(out, Holding{a, r.caps[i].Values})
		}
	}
	return out
}
