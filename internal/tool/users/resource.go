// SPDX-License-Identifier: MIT

package users

import (
	"context"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
)

func (u *users) listResource() tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://users",
		Name:        "users",
		Title:       "Users",
		Description: "All users of the tailnet, people of other tailnets with whom something is shared included, with the fields of list_users.",
		Narrow:      "use list_users, which has pages and filters",
	}, func(ctx context.Context, _ string) (any, error) {
		found, err := u.all(ctx, "all", "")
		if err != nil {
			return nil, err
		}
		shown, err := kind.All(nil, found)
		return map[string]any{"users": shown, "total": len(shown)}, err
	})
}

// resource is one user, by login name or ID.
func (u *users) resource() tool.Resource {
	return tool.JSONResource(tool.Resource{
		URI:         "tailscale://user/{+id}",
		Example:     "bob@example.com",
		Name:        "user",
		Title:       "User",
		Description: "One user of the tailnet with all fields, by login name, such as alice@example.com, or user ID.",
		Complete:    u.complete,
	}, func(ctx context.Context, id string) (any, error) {
		found, err := u.resolveAlone(ctx, id)
		return tool.Whole(found), err
	})
}

// complete offers the login names that begin with a prefix.
func (u *users) complete(ctx context.Context, prefix string) ([]string, error) {
	all, err := u.all(ctx, "all", "")
	if err != nil {
		return nil, err
	}
	var names []string
	for _, o := range all {
		if login := o.Text("loginName"); login != "" && strings.HasPrefix(strings.ToLower(login), strings.ToLower(prefix)) {
			names = append(names, login)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
