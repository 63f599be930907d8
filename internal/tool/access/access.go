// SPDX-License-Identifier: MIT

// Package access has the tools that say what the policy file means: who reaches what,
// and why not. They ask package policy, for the tailnet as package survey reads it, and
// add what the file does not decide: routes, the state of devices, and from this host a
// ping.
package access

import (
	"context"
	"net/netip"
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// group is that of the policy file: these tools reveal what it says.
const group = "policy"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	survey.API
	Policy(ctx context.Context) (tsapi.Policy, error)
}

// Host is this host's own view of the tailnet.
type Host interface {
	// ID returns its node ID; empty while it is not known.
	ID(ctx context.Context) string
	// Ping says whether an address answers a ping from here, and by which path.
	Ping(ctx context.Context, addr netip.Addr) (path string, err error)
}

// Options are what the tools need beside the Tailscale API.
type Options struct {
	Host Host
	// Evaluator is the one that all tools of the server share.
	Evaluator *survey.Evaluator
	// Capability is the name by which grants mean this server.
	Capability string
	// Find returns a tool of this server by its name.
	Find func(name string) (grant.Tool, bool)
}

// Tools returns the tools.
func Tools(api API, o Options) tool.Set {
	e := explainer{api, o.Host, o.Evaluator}
	return tool.Set{Tools: []tool.Tool{e.tool(), users{e, o.Capability, o.Find}.tool()}}
}

// operations of a question: the file, and the tailnet.
func operations() []string {
	return append([]string{"getPolicyFile"}, slices.Clone(survey.Operations)...)
}
