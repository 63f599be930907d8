// SPDX-License-Identifier: MIT

package policy

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

// Reason is one layer of why something is not reached.
type Reason struct {
	// Layer is "rule", "port", "protocol", "via", "posture", "route", "service" or "device".
	Layer string
	Text  string // a sentence
	Next  string // what would change it, a sentence; may be empty
	Rule  *Rule  // that came nearest, if one did
}
