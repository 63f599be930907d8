// SPDX-License-Identifier: MIT

// Package oauth has the tools about OAuth apps, third parties that users can grant
// access to (https://tailscale.com/api#tag/oauthapps); OAuth clients are keys. It
// imports tool, grant and tailnet; errors of the API pass through with their codes.
package oauth

import (
	"context"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "oauth"

// kind says which fields of an OAuth app are shown.
var kind = tool.Kind{
	ID:     "id",
	Listed: []string{"id", "name", "description", "redirectURIs", "scopes", "allowedNodeAttributes", "created", "updated"},
	Shown:  []string{"id", "name", "description", "redirectURIs", "scopes", "allowedNodeAttributes", "created", "updated"},
	Secret: []string{"clientSecret"},
}

type apps struct{ api API }

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
}

// Tools returns the group.
func Tools(api API) tool.Set {
	a := &apps{api}
	return tool.Set{
		Tools:     []tool.Tool{a.list(), a.set(), a.remove()},
		Resources: []tool.Resource{a.resource()},
	}
}

func (a *apps) all(ctx context.Context) ([]tsapi.Object, error) {
	return a.api.List(ctx, tsapi.Request{Op: "listOAuthApps"}, "oauthApps")
}

func (a *apps) get(ctx context.Context, id string) (tsapi.Object, error) {
	return a.api.Object(ctx, tsapi.Request{Op: "getOAuthApp", Params: []string{id}})
}

// nameOf returns the name of an app, else its ID.
func nameOf(o tsapi.Object, id string) string {
	if name := o.Text("name"); name != "" {
		return name
	}
	return id
}
