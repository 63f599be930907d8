// SPDX-License-Identifier: MIT

package policy

import (
	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// Policy is a file compiled for a tailnet: what it means for these people and devices.
// It may be asked by several goroutines at once.
type Policy struct{ *compiled.Policy }

// What devices get of a policy: see package compiled.
type (
	Rule       = compiled.Rule
	FilterRule = compiled.FilterRule
	Target     = compiled.Target
	Ports      = compiled.Ports
	CapGrant   = compiled.CapGrant
	CapMap     = compiled.CapMap
	SSHRule    = compiled.SSHRule
)

// Compile makes a file mean something for a tailnet. It never fails: a name that means
// nothing matches nobody (the API would refuse such a file: see [grammar.Validate]).
// Neither argument may be changed afterwards.
func Compile(f *grammar.File, t *tailnet.Tailnet) *Policy {
	return &Policy{compiled.Compile(f, t)}
}
