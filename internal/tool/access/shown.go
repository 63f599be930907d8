// SPDX-License-Identifier: MIT

package access

import (
	"fmt"
	"strings"

	"tailscale-mcp/internal/policy"
	"tailscale-mcp/internal/visible"
)

const (
	mostRules  = 10
	mostNames  = 20
	mostAccess = 20  // rules of an answer without a source
	mostText   = 400 // bytes of one rule
)

func rules(all []policy.Rule) (out []rule) {
	seen := map[string]bool{}
	for _, r := range all {
		key := fmt.Sprint(r.Section, r.Index)
		if !seen[key] && len(out) < mostRules {
			seen[key] = true
			out = append(out, shown(r))
		}
	}
	return out
}

// shown is a rule as answers have it: on one line where its author used several.
func shown(r policy.Rule) rule {
	text := strings.Join(strings.Fields(visible.Text(r.Text)), " ")
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + " …"
	}
	return rule{r.Section, r.Line, text}
}

// few bounds a list of names, and says how many are left out.
func few(names []string) []string {
	if len(names) <= mostNames {
		return names
	}
	return append(append([]string(nil), names[:mostNames]...), fmt.Sprintf("and %d more", len(names)-mostNames))
}
