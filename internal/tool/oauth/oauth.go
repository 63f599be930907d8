// SPDX-License-Identifier: MIT

// Package oauth has the tools about OAuth apps, third parties that users can grant
// access to (https://tailscale.com/api#tag/oauthapps); OAuth clients are keys. It
// imports tool, grant and tailnet; errors of the API pass through with their codes.
package oauth

import (
	"context"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

const group = "oauth"

// kind is what is shown of an OAuth app.
var kind = tool.Kind{
	ID:     "id",
	Listed: []string{"id", "name", "description", "redirectURIs", "scopes", "allowedNodeAttributes", "created", "updated"},
	Shown:  []string{"id", "name", "description", "redirectURIs", "scopes", "allowedNodeAttributes", "created", "updated"},
	Secret: []string{"clientSecret"},
}

type apps struct{ api *tailnet.API }

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	a := &apps{api}
	return tool.Set{
		Tools:     []tool.Tool{a.list(), a.set(), a.remove()},
		Resources: []tool.Resource{a.resource()},
	}
}

func (a *apps) all(ctx context.Context) ([]tailnet.Object, error) {
	return a.api.List(ctx, tailnet.Request{Op: "listOAuthApps"}, "oauthApps")
}

func (a *apps) get(ctx context.Context, id string) (tailnet.Object, error) {
	return a.api.Object(ctx, tailnet.Request{Op: "getOAuthApp", Params: []string{id}})
}

// nameOf is what a person calls an app: its name, else its ID.
func nameOf(o tailnet.Object, id string) string {
	if name := o.Text("name"); name != "" {
		return name
	}
	return id
}
