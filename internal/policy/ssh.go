// SPDX-License-Identifier: MIT

package policy

import (
	"net/netip"
	"time"
)

// SSHRule is one rule of the SSH policy of a device, with the meaning of
// tailcfg.SSHRule. The first rule whose sources and users match decides.
type SSHRule struct {
	Src []netip.Addr // of the devices that may connect
	// Users are the logins on the host that may be asked for, and what they become: "="
	// is the same, "" is refused, "*" is every other.
	Users map[string]string
	// Check asks a person to sign in again before; CheckPeriod is how long that lasts:
	// 0 is the default, negative is always.
	Check       bool
	CheckPeriod time.Duration
	AcceptEnv   []string
	Recorders   []string // names of tags, as the file writes them
	// EnforceRecorder ends a session that cannot be recorded.
	EnforceRecorder bool

	Rule    Rule
	Unknown []string // as in [FilterRule]
}

// SSHRules returns the SSH policy that a device (its ID or name) gets.
func (p *Policy) SSHRules(device string) []SSHRule { panic("not written yet") }

// SSHVerdict is whether an SSH session is allowed.
type SSHVerdict struct {
	Answer  Answer
	Check   bool // where the answer is not no: only after a fresh sign-in
	Rules   []Rule
	Unknown []string
	Why     []Reason
}

// SSH says whether a source may open a session on a destination as a user of the host.
// The network has to be open too: see [Policy.Reach] with port 22.
func (p *Policy) SSH(src, dst Endpoint, user string) SSHVerdict { panic("not written yet") }
