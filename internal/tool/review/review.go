// SPDX-License-Identifier: MIT

// Package review has the tools that answer a whole question by many reads: what of the
// tailnet is risky, and what a person has in it. They change nothing, and say what they
// could not read. What is risky is room risk's to say, and what the policy file says of a
// person room leaving's.
package review

import (
	"context"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "review"

// weight is that of a call: one caller has four of them in flight, since each may ask
// about every device.
const weight = 16

// mostShares bounds the devices whose invitations are read, one request each: a call makes
// about 100 requests in all.
const mostShares = 85

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	survey.API
	Policy(ctx context.Context) (tsapi.Policy, error)
	Settings(ctx context.Context) (tsapi.Object, error)
	// Uses reports whether the key of that ID is the one that the client itself asks with.
	Uses(id string) bool
}

// Host is the host of this server.
type Host interface {
	// ID returns its node ID; empty while it is not known.
	ID(ctx context.Context) string
}

// Options are what the tools need beside the Tailscale API.
type Options struct {
	Host Host
	// Evaluator is the one that all tools of the server share.
	Evaluator *survey.Evaluator
	// Capability is the name by which grants mean this server.
	Capability string
	// Escalating returns the tools of this server that can grant privilege.
	Escalating func() []grant.Tool
}

// Tools returns the group.
func Tools(api API, o Options) tool.Set {
	r := reviewer{o, api, time.Now}
	return tool.Set{Tools: []tool.Tool{r.audit(), r.offboard()}}
}

type reviewer struct {
	Options
	api API
	now func() time.Time
}
