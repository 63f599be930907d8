// SPDX-License-Identifier: MIT

// Package policy says what a tailnet policy file means: compiled for a tailnet, who
// reaches what and by which rule, which packet filter, SSH rules, capabilities and
// attributes a device gets, and what the file's own tests say. What cannot be known from
// outside is unknown, and named; it is never guessed to a yes or a no.
//
// Beside that, as far as the file alone can tell, it says what the file gives to whom on
// this server. It is pure: it asks nobody and has no clock. It imports grant, caller,
// cli/spelling, the rooms below it, sets of addresses and the HuJSON parser.
package policy

import (
	"tailscale-mcp/internal/policy/compiled"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// Policy is a file compiled for a tailnet: what it means for these people and devices.
// It may be asked by several goroutines at once.
type Policy struct{ *compiled.Policy }

// Rule is a rule of the file that had a part in an answer.
type Rule = compiled.Rule

// FilterRule is one rule of the packet filter of a device.
type FilterRule = compiled.FilterRule

// Target is a range of addresses and ports that a filter rule opens.
type Target = compiled.Target

// Ports are the ports First to Last, both included; 0 to 65535 are all.
type Ports = compiled.Ports

// CapGrant gives capabilities on a device to the sources of its rule.
type CapGrant = compiled.CapGrant

// CapMap is application capabilities and their values, as WhoIs gives them: plain JSON.
type CapMap = compiled.CapMap

// SSHRule is one rule of the SSH policy of a device.
type SSHRule = compiled.SSHRule

// Compile makes a file mean something for a tailnet. It never fails: a name that means
// nothing matches nobody (the API would refuse such a file: see [grammar.Validate]).
// Neither argument may be changed afterwards.
func Compile(f *grammar.File, t *tailnet.Tailnet) *Policy {
	return &Policy{compiled.Compile(f, t)}
}
