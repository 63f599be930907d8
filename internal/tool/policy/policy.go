// SPDX-License-Identifier: MIT

// Package policy has what this server offers about the tailnet policy file. It
// imports tool and tailnet; errors of the API pass through with their codes.
package policy

import (
	"bytes"
	"context"
	"encoding/json"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

const group = "policy"

// narrow is for whoever reads a file that is too large.
const narrow = `use get_policy for single sections, such as sections: ["grants"]`

// Tools returns the group. capability is what grants name this server by; tags are
// those of its host, nil while they are not known.
func Tools(api *tailnet.API, capability string, tags func(context.Context) []string) tool.Set {
	return tool.Set{Tools: []tool.Tool{get(api), validate(api), setter{api, capability, tags}.tool()}, Resources: []tool.Resource{{
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
	}, {
		URI:         "tailscale://policy-json",
		Name:        "policy-json",
		Title:       "Tailnet policy file as JSON",
		Description: "The tailnet policy file as plain JSON, without the comments of its authors.",
		MIMEType:    "application/json",
		Narrow:      narrow,
		Read: func(ctx context.Context, _ string) (string, error) {
			o, _, err := api.PolicyJSON(ctx)
			if err != nil {
				return "", err
			}
			var text bytes.Buffer
			err = json.Compact(&text, o.Raw())
			return text.String(), err
		},
	}}}
}
