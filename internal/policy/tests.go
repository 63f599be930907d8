// SPDX-License-Identifier: MIT

package policy

// TestResult is the verdict of one target of one entry of "tests" or "sshTests".
type TestResult struct {
	Rule   Rule   // the entry; its section is "tests" or "sshTests"
	Src    string // as it is written
	Target string // as it is written: a destination with its port, or a host
	User   string // of "sshTests": the login on the host
	Want   string // "accept", "deny" or "check"
	Pass   Answer // whether what is wanted is so
	// Text is a sentence: what was wanted, what is so, and by which rule.
	Text    string
	Unknown []string // what would have to be known, a phrase each
}

// Tests returns the verdicts of "tests" and "sshTests", each target of each entry alone,
// in the order of the file. The API refuses a file of which one is No.
func (p *Policy) Tests() []TestResult { panic("not written yet") }
