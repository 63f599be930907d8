// SPDX-License-Identifier: MIT

package change

import (
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/policy/selector"
)

// condition is what has to be so for a source that may be one to be one.
type condition struct {
	postures [][]string // lists of conditions, one of which has to be met; none: no posture
	names    []string   // of the postures
	doubts   []string   // selectors of which it is not known whether they have the source
	onto     []string   // and whether they have the destination
}

func (s *side) condition(sets []*selector.Set, postures []string) condition {
	c := condition{names: postures}
	for _, name := range postures {
		list := []string{"\x00 no such posture"}
		if d, ok := s.Index.Definition(name); ok {
			list = nil
			for _, v := range d.Values {
				list = append(list, strings.Join(strings.Fields(v.Text), " "))
			}
		}
		slices.Sort(list)
		c.postures = append(c.postures, slices.Compact(list))
	}
	slices.SortFunc(c.postures, slices.Compare)
	for _, set := range sets {
		if set.Doubt.Any() || set.Strangers {
			c.doubts = append(c.doubts, set.Text)
		}
	}
	slices.Sort(c.doubts)
	return c
}

func (c condition) text() string { return fmt.Sprintf("%q %q %q", c.postures, c.doubts, c.onto) }

// implies reports whether a source and destination that meet c surely meet d too.
func (c condition) implies(d condition) bool {
	return within(c.doubts, d.doubts) && within(c.onto, d.onto) && c.posed(d)
}

// within reports whether what is in one of some selectors is in one of others, of which
// none means that it is.
func within(some, others []string) bool {
	if len(others) == 0 || len(some) == 0 {
		return len(others) == 0
	}
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(others, s) })
}

// posed reports whether a device that meets one posture of c meets one of d.
func (c condition) posed(d condition) bool {
	if len(d.postures) == 0 || len(c.postures) == 0 {
		return len(d.postures) == 0
	}
	for _, list := range c.postures {
		looser := func(other []string) bool {
			return !slices.ContainsFunc(other, func(line string) bool { return !slices.Contains(list, line) })
		}
		if !slices.ContainsFunc(d.postures, looser) {
			return false
		}
	}
	return true
}
