// SPDX-License-Identifier: MIT

// Package users has the tools about the people of the tailnet
// (https://tailscale.com/api#tag/users). It imports tool, grant and tailnet; errors
// of the API pass through with their codes.
package users

import (
	"context"
	"net/url"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "users"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
	ListDevices(ctx context.Context, q tsapi.DeviceQuery) ([]tsapi.Device, error)
}

// Tools returns the group.
func Tools(api API) tool.Set {
	u := &users{api}
	return tool.Set{
		Tools:     []tool.Tool{u.list(), u.setRole(), u.approve(), u.restore(), u.suspend(), u.remove()},
		Resources: []tool.Resource{u.listResource(), u.resource()},
	}
}

type users struct{ api API }

var kind = tool.Kind{
	ID:         "id",
	Listed:     []string{"id", "loginName", "displayName", "role", "status", "type", "deviceCount", "lastSeen", "currentlyConnected"},
	Shown:      []string{"id", "loginName", "displayName", "role", "status", "type", "created", "deviceCount", "lastSeen", "currentlyConnected"},
	Documented: []string{"profilePicUrl", "tailnetId"},
}

// all reads the users of a type and role; an empty role is every one.
func (u *users) all(ctx context.Context, kind, role string) ([]tsapi.Object, error) {
	q := url.Values{"type": {kind}}
	if role != "" {
		q.Set("role", role)
	}
	return u.api.List(ctx, tsapi.Request{Op: "listUsers", Query: q}, "users")
}
