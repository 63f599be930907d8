// SPDX-License-Identifier: MIT

// Package users has the tools about the people of the tailnet
// (https://tailscale.com/api#tag/users). It imports tool, grant and tailnet; errors
// of the API pass through with their codes.
package users

import (
	"context"
	"net/url"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

const group = "users"

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	u := &users{api}
	return tool.Set{
		Tools:     []tool.Tool{u.list(), u.setRole(), u.approve(), u.restore(), u.suspend(), u.remove()},
		Resources: []tool.Resource{u.listResource(), u.resource()},
	}
}

type users struct{ api *tailnet.API }

var kind = tool.Kind{
	ID:         "id",
	Listed:     []string{"id", "loginName", "displayName", "role", "status", "type", "deviceCount", "lastSeen", "currentlyConnected"},
	Shown:      []string{"id", "loginName", "displayName", "role", "status", "type", "created", "deviceCount", "lastSeen", "currentlyConnected"},
	Documented: []string{"profilePicUrl", "tailnetId"},
}

// all reads the users of a type and role; an empty role is every one.
func (u *users) all(ctx context.Context, kind, role string) ([]tailnet.Object, error) {
	q := url.Values{"type": {kind}}
	if role != "" {
		q.Set("role", role)
	}
	return u.api.List(ctx, tailnet.Request{Op: "listUsers", Query: q}, "users")
}
