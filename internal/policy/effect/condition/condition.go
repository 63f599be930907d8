// SPDX-License-Identifier: MIT

// Package condition says under which conditions a rule is for somebody of whom it is not
// known, and whether one condition follows from another. A leaf.
package condition

import (
	"fmt"
	"slices"
)

// Condition is what has to be so for a source that may be one to be one.
type Condition struct {
	Postures [][]string // lists of conditions, one of which has to be met; none: no posture
	Names    []string   // of the postures
	Doubts   []string   // selectors of which it is not known whether they have the source
	Onto     []string   // and whether they have the destination
}

// Text is the same for the same conditions.
func (c Condition) Text() string { return fmt.Sprintf("%q %q %q", c.Postures, c.Doubts, c.Onto) }

// Implies reports whether a source and destination that meet c surely meet d too.
func (c Condition) Implies(d Condition) bool {
	return within(c.Doubts, d.Doubts) && within(c.Onto, d.Onto) && c.posed(d)
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
func (c Condition) posed(d Condition) bool {
	if len(d.Postures) == 0 || len(c.Postures) == 0 {
		return len(d.Postures) == 0
	}
	for _, list := range c.Postures {
		looser := func(other []string) bool {
			return !slices.ContainsFunc(other, func(line string) bool { return !slices.Contains(list, line) })
		}
		if !slices.ContainsFunc(d.Postures, looser) {
			return false
		}
	}
	return true
}
