// SPDX-License-Identifier: MIT

// Package policy has the tools and resources about the tailnet policy file; what a
// file gives to whom is in internal/policy, which compiles it for the tailnet that
// internal/survey reads. It imports these, tool, grant and tsapi, and past, which reads
// how the file was changed; errors of the API pass through with their codes.
package policy

import (
	"context"
	"time"

	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "policy"

// narrow says how to read a file that is too large.
const narrow = `use get_policy for single sections, such as sections: ["grants"]`

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Policy(ctx context.Context) (tsapi.Policy, error)
	PolicyJSON(ctx context.Context) (file tsapi.Object, etag string, err error)
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	Settings(ctx context.Context) (tsapi.Object, error)
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
	Text(ctx context.Context, r tsapi.Request) (text, etag string, err error)
	ConfigurationLog(ctx context.Context, wanted tsapi.ConfigurationLog) ([]tsapi.Object, error)
}

// Options are what the tools need beside the Tailscale API.
type Options struct {
	Host Host
	// Evaluator is the one that all tools of the server share.
	Evaluator *survey.Evaluator
	// Capability is the name by which grants mean this server.
	Capability string
}

// Tools returns the group.
func Tools(api API, o Options) tool.Set {
	kept := remembering{api, &files{}}
	c := changer{o, kept}
	return tool.Set{
		Tools:     []tool.Tool{get(kept), c.validate(), c.edit(), c.set(), history{kept, time.Now}.tool(), reverter{c, time.Now}.tool()},
		Resources: []tool.Resource{resource(kept), jsonResource(kept)},
	}
}

// resource is the file as its authors wrote it.
func resource(api API) tool.Resource {
	return tool.Resource{
		URI:         "tailscale://policy",
		Name:        "policy",
		Title:       "Tailnet policy file",
		Description: "The tailnet policy file (grants, ACLs, groups, tag owners, tests, SSH) as its authors wrote it: HuJSON with comments.",
		MIMEType:    "application/hujson",
		Narrow:      narrow,
		Read: func(ctx context.Context, _ string) (string, error) {
			p, err := api.Policy(ctx)
			return p.HuJSON, err
		},
	}
}

func jsonResource(api API) tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://policy-json",
		Name:        "policy-json",
		Title:       "Tailnet policy file as JSON",
		Description: "The tailnet policy file as plain JSON, without the comments of its authors.",
		Narrow:      narrow,
	}, func(ctx context.Context, _ string) (any, error) {
		o, _, err := api.PolicyJSON(ctx)
		return o.Raw(), err
	})
}
