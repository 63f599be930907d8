// SPDX-License-Identifier: MIT

package risk

import (
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/tool/access/held"
)

// server is who may change the tailnet through this server, by the tools that can grant
// privilege. A few people are administrators; machines and crowds are worse.
func (f *Facts) server() []Finding {
	crowd := Finding{
		Rank: High, Area: Server, Risk: "many people, or machines, may use the gravest tools of this server",
		Why: "these change the policy file and make keys", Next: `who_can_use {"tool":"edit_policy"}`,
	}
	few := Finding{
		Rank: Low, Area: Server, Risk: "who may use the gravest tools of this server",
		Why: "these change the policy file and make keys", Next: `who_can_use {"tool":"edit_policy"}`,
	}
	broken := Finding{
		Rank: Medium, Area: Server, Risk: "an entry for this server cannot be read",
		Why: "it refuses everything to its callers", Next: "who_can_use",
	}
	for _, g := range f.Holders {
		n := f.grave(g)
		switch who := slices.Concat(g.People, g.Tags, g.Ranges); {
		case g.Problem != "":
			broken.Where = append(broken.Where, line(g.Rule))
		case n == 0 || len(who) == 0:
		case wide(g.Selectors) || len(g.Tags)+len(g.Ranges) > 0 || len(g.People) > many:
			crowd.Where = append(crowd.Where, holders(g, who, n))
		default:
			few.Where = append(few.Where, holders(g, who, n))
		}
	}
	return slices.Concat(found(crowd), found(few), found(broken))
}

func wide(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(everybody, name) })
}

// grave counts the tools of the gravest class that a rule gives.
func (f *Facts) grave(g held.Grant) (n int) {
	for _, t := range f.Escalating {
		if g.Rules.At(f.Now).Tool(t).Allowed {
			n++
		}
	}
	return n
}

func holders(g held.Grant, who []string, tools int) string {
	const most = 3
	text := strings.Join(who[:min(most, len(who))], ", ")
	if more := len(who) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	if g.Answer != policy.Yes {
		text = "perhaps " + text
	}
	return fmt.Sprintf("%s line %d: %s (%d tools)", g.Rule.Section, g.Rule.Line, text, tools)
}
