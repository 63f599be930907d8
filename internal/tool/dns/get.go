// SPDX-License-Identifier: MIT

package dns

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type getInput struct {
	Part string `json:"part,omitempty" enum:"all,nameservers,preferences,searchPaths,splitDNS" default:"all"`
}

type getOutput struct {
	DNS tool.Object `json:"dns" jsonschema:"the part that was asked for, in the form of the Tailscale API"`
}

// parts are the operations by the part that they read.
var parts = map[string]string{
	"":            "getDnsConfiguration",
	"all":         "getDnsConfiguration",
	"nameservers": "listDnsNameservers",
	"preferences": "getDnsPreferences",
	"searchPaths": "listDnsSearchPaths",
	"splitDNS":    "getSplitDns",
}

func (d *dns) get() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "get_dns",
		Title:       "Get the DNS configuration",
		Group:       group,
		Operations:  []string{"getDnsConfiguration", "listDnsNameservers", "getDnsPreferences", "listDnsSearchPaths", "getSplitDns"},
		Class:       grant.Read,
		Example:     json.RawMessage(`{}`),
		Description: "Shows the DNS settings of the tailnet, overrideLocalDNS included. What this host makes of them: get_node_dns.",
		Narrow:      "ask for one part",
	}, func(ctx context.Context, _ tool.Call, in getInput) (getOutput, error) {
		o, err := d.read(ctx, parts[in.Part])
		if err != nil {
			return getOutput{}, err
		}
		return getOutput{tool.Whole(o)}, nil
	})
}

func (d *dns) resource() tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://dns",
		Name:        "dns",
		Title:       "DNS configuration",
		Description: "The tailnet's whole DNS configuration: nameservers, split DNS, search paths and preferences.",
		Narrow:      "use get_dns with one part",
	}, func(ctx context.Context, _ string) (any, error) {
		return d.read(ctx, "getDnsConfiguration")
	})
}
