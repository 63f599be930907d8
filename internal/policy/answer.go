// SPDX-License-Identifier: MIT

package policy

import "tailscale-mcp/internal/policy/grammar"

// Answer is no, yes or unknown: what hangs on something that is not known here is
// neither.
type Answer int

// The answers.
const (
	No Answer = iota
	Yes
	Unknown
)

// String returns "no", "yes" or "unknown".
func (a Answer) String() string {
	switch a {
	case Yes:
		return "yes"
	case Unknown:
		return "unknown"
	}
	return "no"
}

// Rule is a rule of the file that had a part in an answer.
type Rule struct {
	Section string // "acls", "grants", "ssh", "nodeAttrs", "tests", "sshTests"
	Index   int    // in its section, from 0
	grammar.Place
	Text string // as its author wrote it, comments inside included
}

// Reason is one layer of why something is not reached.
type Reason struct {
	// Layer is "rule", "port", "protocol", "via", "posture", "route", "service" or "device".
	Layer string
	Text  string // a sentence
	Next  string // what would change it, a sentence; may be empty
	Rule  *Rule  // that came nearest, if one did
}
