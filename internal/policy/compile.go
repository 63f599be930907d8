// SPDX-License-Identifier: MIT

package policy

import (
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/tailnet"
)

// Policy is a file compiled for a tailnet: what it means for these people and devices.
// It may be asked by several goroutines at once.
type Policy struct {
	file *grammar.File
	net  *tailnet.Tailnet
}

// Compile makes a file mean something for a tailnet. It never fails: a name that means
// nothing matches nobody (the API would refuse such a file: see [grammar.Validate]).
// Neither argument may be changed afterwards.
func Compile(f *grammar.File, t *tailnet.Tailnet) *Policy { return &Policy{file: f, net: t} }

// File returns the file that was compiled.
func (p *Policy) File() *grammar.File { return p.file }

// Tailnet returns the tailnet that the file was compiled for.
func (p *Policy) Tailnet() *tailnet.Tailnet { return p.net }
