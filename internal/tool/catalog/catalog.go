// SPDX-License-Identifier: MIT

// Package catalog is the list of all groups of tools. A new group is entered
// here; a new tool of a group is not. It imports the groups and tailnet. A
// definition that cannot be served panics here, at start.
package catalog

import (
	"cmp"
	"context"
	"slices"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/localapi"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/access"
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
	"tailscale-mcp/internal/tool/review"
	"tailscale-mcp/internal/tool/services"
	"tailscale-mcp/internal/tool/settings"
	"tailscale-mcp/internal/tool/streaming"
	"tailscale-mcp/internal/tool/users"
	"tailscale-mcp/internal/tool/webhooks"
	"tailscale-mcp/internal/tsapi"
)

// MetricsURI is the resource that has the metrics in Prometheus' text format.
const MetricsURI = "bootstrap://metrics"

// Options are the clients and settings of the groups.
type Options struct {
	// Local is the tailscaled on this host.
	Local local.Client
	// API is the client of the Tailscale API; nil without a credential: then only the
	// tools that the local tailscaled answers are offered.
	API *tsapi.API
	// Ceiling are the classes that this host offers.
	Ceiling []grant.Class
	// Groups are the groups that this host offers; nil for all.
	Groups []string
	// Unaudited are further classes that are set, and not offered since nothing could
	// record what their tools change.
	Unaudited []grant.Class
	// Capability is the name by which grants mean this server; empty is
	// jaxxstorm.com/cap/mcp.
	Capability string
	// Version is the program's own.
	Version string
	// Metrics writes the metrics of this server, in Prometheus' text format; nil
	// where there are none.
	Metrics func(context.Context) (string, error)
}

// New returns the registry of everything that this host offers, which knows too why it
// does not offer the rest.
func New(o Options) *gate.Registry {
	there, rest := sets(o), lacking(o)
	know(func() []tool.Tool { return merged(slices.Concat(there, rest)).Tools })
	return tool.NewRegistry(o.Ceiling, append(within(o.Groups, there), withheld(o, there, rest))...)
}

// within are the sets with what of them belongs to these groups; of nil, all of them.
func within(groups []string, sets []tool.Set) []tool.Set {
	if groups == nil {
		return sets
	}
	kept := make([]tool.Set, len(sets))
	for i, set := range sets {
		kept[i] = set.Within(groups)
	}
	return kept
}

// Groups are the names of all groups of this version.
func Groups() []string {
	var groups []string
	for _, t := range Known() {
		groups = append(groups, t.Group)
	}
	slices.Sort(groups)
	return slices.Compact(groups)
}

// Offered returns the definitions of everything that this host offers whatever its
// ceiling is, in the order of names.
func Offered(o Options) tool.Set { return merged(within(o.Groups, sets(o))) }

// Everything returns all definitions of this version, in the order of names. They are
// for looking at: nothing stands behind them that could be called.
func Everything(version string) tool.Set {
	o := Options{Ceiling: grant.Classes(), Version: version, Metrics: func(context.Context) (string, error) { return "", nil }}
	return merged(append(sets(o), upstream(o, nil)...))
}

func merged(sets []tool.Set) (all tool.Set) {
	for _, set := range sets {
		all.Tools = append(all.Tools, set.Tools...)
		all.Resources = append(all.Resources, set.Resources...)
		all.Prompts = append(all.Prompts, set.Prompts...)
	}
	slices.SortFunc(all.Tools, func(a, b tool.Tool) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortFunc(all.Resources, func(a, b tool.Resource) int { return cmp.Compare(a.URI, b.URI) })
	slices.SortFunc(all.Prompts, func(a, b tool.Prompt) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// sets are the groups of this host.
func sets(o Options) []tool.Set {
	sets := []tool.Set{tool.WhoAmI(), status(o), metrics(o), local.Tools(o.Local)}
	if o.API != nil {
		sets = append(sets, upstream(o, o.API)...)
	}
	return sets
}

// lacking are the groups that a host without a credential lacks.
func lacking(o Options) []tool.Set {
	if o.API != nil {
		return nil
	}
	return upstream(o, nil)
}

// API is the client of the Tailscale API as the groups need it; *tsapi.API is one.
type API interface {
	access.API
	contacts.API
	devices.API
	dns.API
	invites.API
	keys.API
	logs.API
	oauth.API
	organization.API
	policy.API
	posture.API
	review.API
	services.API
	settings.API
	streaming.API
	users.API
	webhooks.API
}

// upstream returns the groups that ask the Tailscale API.
func upstream(o Options, api API) []tool.Set {
	h := host{localapi.New(o.Local)}
	evaluator := survey.NewEvaluator(api)
	capability := cmp.Or(o.Capability, "jaxxstorm.com/cap/mcp")
	find, escalating := finder()
	return []tool.Set{
		devices.Tools(api, h.ID), settings.Tools(api),
		policy.Tools(api, policy.Options{Host: h, Evaluator: evaluator, Capability: capability}),
		dns.Tools(api), keys.Tools(api), users.Tools(api), invites.Tools(api), contacts.Tools(api), webhooks.Tools(api),
		logs.Tools(api), streaming.Tools(api), posture.Tools(api), services.Tools(api), oauth.Tools(api), organization.Tools(api), prompts(api),
		access.Tools(api, access.Options{Host: h, Evaluator: evaluator, Capability: capability, Find: find}),
		review.Tools(api, review.Options{Host: h, Evaluator: evaluator, Capability: capability, Escalating: escalating}),
	}
}

// finder returns what finds a tool of this version by its name, whether this host offers
// it or not, and what lists those that can grant privilege.
func finder() (find func(name string) (grant.Tool, bool), escalating func() []grant.Tool) {
	find = func(name string) (grant.Tool, bool) {
		all := Known()
		i := slices.IndexFunc(all, func(t grant.Tool) bool { return t.Name == name })
		if i < 0 {
			return grant.Tool{}, false
		}
		return all[i], true
	}
	return find, func() []grant.Tool {
		return slices.DeleteFunc(Known(), func(t grant.Tool) bool { return t.Class != grant.Escalating })
	}
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
		API: "no credential: only tools that the local tailscaled answers are offered; " + noCredential.Next,
	}
	if o.API != nil {
		a.API = "credential configured"
	}
	return tool.Set{Resources: []tool.Resource{tool.JSONResource(tool.Resource{
		URI:         "bootstrap://status",
		Name:        "status",
		Title:       "Server status",
		Description: "That this server runs, its version, the classes of tools it offers, and whether it has a credential for the Tailscale API. Asks nobody else.",
	}, func(context.Context, string) (any, error) { return a, nil })}}
}

// metrics is the resource behind /metrics as well: a caller who may read one may read
// the other.
func metrics(o Options) tool.Set {
	if o.Metrics == nil {
		return tool.Set{}
	}
	return tool.Set{Resources: []tool.Resource{{
		URI:   MetricsURI,
		Name:  "metrics",
		Title: "Server metrics",
		Description: "How this server is used and how it fares, in Prometheus' text format: requests, decisions, outcomes by tool and code, durations, " +
			"limits that were met, questions to tailscaled, requests to the Tailscale API, audit records, connections, memory. " +
			"It names tools, and no callers, devices or addresses. A scraper gets the same text from /metrics. Asks nobody else.",
		MIMEType: "text/plain; version=0.0.4",
		Read:     func(ctx context.Context, _ string) (string, error) { return o.Metrics(ctx) },
	}}}
}
