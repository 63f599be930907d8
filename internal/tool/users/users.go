// SPDX-License-Identifier: MIT

// Package users has the tools about the people of the tailnet
// (https://tailscale.com/api#tag/users). It imports tool, grant and tailnet; errors
// of the API pass through with their codes.
package users

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

const group = "users"

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	u := &users{api}
	return tool.Set{
		Tools:     []tool.Tool{u.list(), u.setRole(), u.approve(), u.restore(), u.suspend(), u.remove()},
		Resources: []tool.Resource{u.resource()},
	}
}

// Complete offers the login names that begin with a prefix, for prompts.
func Complete(api *tailnet.API) func(ctx context.Context, prefix string) ([]string, error) {
	u := &users{api}
	return func(ctx context.Context, prefix string) ([]string, error) {
		all, err := u.all(ctx, "all", "")
		var names []string
		for _, o := range all {
			if login := o.Text("loginName"); strings.HasPrefix(strings.ToLower(login), strings.ToLower(prefix)) {
				names = append(names, login)
			}
		}
		slices.Sort(names)
		return names, err
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

func (u *users) resource() tool.Resource {
	return tool.Resource{
		URI:         "tailscale://users",
		Name:        "users",
		Title:       "Users",
		Description: "All users of the tailnet, people of other tailnets with whom something is shared included, with the fields of list_users.",
		MIMEType:    "application/json",
		Narrow:      "use list_users, which has pages and filters",
		Read: func(ctx context.Context, _ string) (string, error) {
			found, err := u.all(ctx, "all", "")
			if err != nil {
				return "", err
			}
			shown, err := kind.All(nil, found)
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(map[string]any{"users": shown, "total": len(shown)})
			return string(text), err
		},
	}
}
