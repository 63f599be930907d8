// SPDX-License-Identifier: MIT

// Package posture has the tools about device posture integrations, the services
// that tell the tailnet about the state of devices
// (https://tailscale.com/api#tag/deviceposture). It imports tool, grant and tailnet;
// errors of the API pass through with their codes.
package posture

import (
	"context"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "posture"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
}

// Tools returns the group.
func Tools(api API) tool.Set {
	p := &posture{api}
	return tool.Set{
		Tools:     []tool.Tool{p.list(), p.set(), p.remove()},
		Resources: []tool.Resource{p.resource()},
	}
}

type posture struct{ api API }

var usual = []string{"id", "provider", "cloudId", "clientId", "tenantId", "configUpdated", "status"}

var kind = tool.Kind{
	ID:     "id",
	Listed: usual, Shown: usual,
	// The API never sends it; should that change, it stays here.
	Secret: []string{"clientSecret"},
}

func (p *posture) all(ctx context.Context) ([]tsapi.Object, error) {
	return p.api.List(ctx, tsapi.Request{Op: "getPostureIntegrations"}, "integrations")
}

func (p *posture) get(ctx context.Context, id string) (tsapi.Object, error) {
	return p.api.Object(ctx, tsapi.Request{Op: "getPostureIntegration", Params: []string{id}})
}
