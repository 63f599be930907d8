// SPDX-License-Identifier: MIT

// Package catalog is the list of all groups of tools. A new group is entered
// here; a new tool of a group is not. It imports the groups and tailnet. A
// definition that cannot be served panics here, at start.
package catalog

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/contacts"
	"tailscale-mcp/internal/tool/devices"
	"tailscale-mcp/internal/tool/dns"
	"tailscale-mcp/internal/tool/invites"
	"tailscale-mcp/internal/tool/keys"
	"tailscale-mcp/internal/tool/local"
	"tailscale-mcp/internal/tool/logs"
	"tailscale-mcp/internal/tool/oauth"
	"tailscale-mcp/internal/tool/organization"
	"tailscale-mcp/internal/tool/policy"
	"tailscale-mcp/internal/tool/posture"
	"tailscale-mcp/internal/tool/services"
	"tailscale-mcp/internal/tool/settings"
	"tailscale-mcp/internal/tool/users"
	"tailscale-mcp/internal/tool/webhooks"
)

// Options are what the groups need.
type Options struct {
	// Local is the tailscaled on this host.
	Local local.Client
	// API is the Tailscale API, or nil without a credential: then only what the
	// local tailscaled can answer is offered.
	API *tailnet.API
	// Ceiling are the classes that this host offers.
	Ceiling []grant.Class
	// Capability is what grants name this server by; empty means jaxxstorm.com/cap/mcp.
	Capability string
	// Version is the program's own.
	Version string
}

// New returns the registry of everything that this host offers.
func New(o Options) *tool.Registry {
	sets := []tool.Set{tool.WhoAmI(), status(o), local.Tools(o.Local)}
	if o.API != nil {
		h := host{tailnet.NewLocal(o.Local)}
		sets = append(sets,
			devices.Tools(o.API, h.id), policy.Tools(o.API, cmp.Or(o.Capability, "jaxxstorm.com/cap/mcp"), h.tags), settings.Tools(o.API),
			dns.Tools(o.API), keys.Tools(o.API), users.Tools(o.API), invites.Tools(o.API), contacts.Tools(o.API), webhooks.Tools(o.API),
			logs.Tools(o.API), posture.Tools(o.API), services.Tools(o.API), oauth.Tools(o.API), organization.Tools(o.API), prompts(o.API))
	}
	return tool.NewRegistry(o.Ceiling, sets...)
}

// status is the resource by which clients of the first of these servers see
// that it runs and what it can answer.
func status(o Options) tool.Set {
	type answer struct {
		Status  string        `json:"status"`
		Version string        `json:"version"`
		Classes []grant.Class `json:"classes"`
		API     string        `json:"api"`
	}
	a := answer{
		Status: "ok", Version: o.Version, Classes: slices.Clone(o.Ceiling),
		API: "no credential: only tools that the local tailscaled answers are offered; set one in /etc/tailscale-mcp.env and restart",
	}
	if o.API != nil {
		a.API = "credential configured"
	}
	return tool.Set{Resources: []tool.Resource{{
		URI:         "bootstrap://status",
		Name:        "status",
		Title:       "Server status",
		Description: "That this server runs, its version, the classes of tools it offers, and whether it has a credential for the Tailscale API. Asks nobody else.",
		MIMEType:    "application/json",
		Read: func(context.Context, string) (string, error) {
			text, err := json.Marshal(a)
			return string(text), err
		},
	}}}
}
