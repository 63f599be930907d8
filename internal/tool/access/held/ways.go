// SPDX-License-Identifier: MIT

package held

import (
	"slices"

	"tailscale-mcp/internal/policy/grammar"
)

// ways are those who are given something and have no way to the server, rule by rule.
type ways []way

type way struct {
	place     grammar.Place
	selectors []string
	shut      []string
	open      bool // some of the rule have a way
}

// enter notes who of a rule has none.
func (w *ways) enter(g Grant, who []string, reach map[string]bool) {
	i := slices.IndexFunc(*w, func(o way) bool { return o.place == g.Rule.Place })
	if i < 0 {
		i = len(*w)
		*w = append(*w, way{place: g.Rule.Place, selectors: g.Selectors})
	}
	one := &(*w)[i]
	for _, name := range who {
		if reach[name] {
			one.open = true
		} else {
			one.shut = append(one.shut, name)
		}
	}
}

// all are those who have none, each once.
func (w ways) all() (names []string) {
	for _, one := range w {
		names = added(names, one.shut)
	}
	slices.Sort(names)
	return names
}

// sources are how a rule would name them: where nobody of a rule has a way, as that rule
// does, so that it holds for those who come.
func (w ways) sources() (src []string) {
	for _, one := range w {
		if len(one.shut) > 0 && !one.open {
			src = append(src, one.selectors...)
		} else {
			src = append(src, one.shut...)
		}
	}
	return src
}
