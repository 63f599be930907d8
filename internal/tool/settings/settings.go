// SPDX-License-Identifier: MIT

// Package settings has the tools and the resource about the settings of the tailnet.
// It imports tool, grant and tailnet; errors of the API pass through with their codes.
package settings

import (
	"context"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "settings"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Settings(ctx context.Context) (tsapi.Object, error)
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
}

// Tools returns the group.
func Tools(api API) tool.Set {
	return tool.Set{Tools: []tool.Tool{get(api), update(api)}, Resources: []tool.Resource{tool.JSONResource(tool.Resource{
		URI:   "tailscale://tailnet-settings",
		Name:  "tailnet-settings",
		Title: "Tailnet settings",
		Description: "The tailnet's settings: device and user approval, key duration, auto-updates, flow logging, posture identity, HTTPS. " +
			"Fields that the API credential may not read are absent.",
	}, func(ctx context.Context, _ string) (any, error) {
		o, err := api.Settings(ctx)
		return o.Raw(), err
	})}}
}
