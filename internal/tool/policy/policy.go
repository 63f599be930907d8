// SPDX-License-Identifier: MIT

// Package policy has what this server offers about the tailnet policy file. It
// imports tool and tailnet; errors of the API pass through with their codes.
package policy

import (
	"context"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// API is what is needed; *tailnet.API is one.
type API interface {
	Policy(ctx context.Context) (tailnet.Policy, error)
}

// Tools returns the group.
func Tools(api API) tool.Set {
	return tool.Set{Resources: []tool.Resource{{
		URI:         "tailscale://policy",
		Name:        "policy",
		Title:       "Tailnet policy file",
		Description: "The tailnet policy file (grants, ACLs, groups, tag owners, tests, SSH) as its authors wrote it: HuJSON with comments.",
		MIMEType:    "application/hujson",
		Read: func(ctx context.Context, _ string) (string, error) {
			p, err := api.Policy(ctx)
			return p.HuJSON, err
		},
	}}}
}
