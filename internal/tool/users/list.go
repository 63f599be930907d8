// SPDX-License-Identifier: MIT

package users

import (
	"context"
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type listFilter struct {
	Type   string `json:"type,omitempty" jsonschema:"member: of this tailnet; shared: of other tailnets, with a device shared into this one" enum:"member,shared,all" default:"member"`
	Role   string `json:"role,omitempty" jsonschema:"only users with this role" enum:"owner,member,admin,it-admin,network-admin,billing-admin,auditor"`
	Status string `json:"status,omitempty" jsonschema:"only users in this state; active was seen within 28 days" enum:"active,idle,suspended,needs-approval,over-billing-limit"`
}

type listInput struct {
	User string `json:"user,omitempty" jsonschema:"show this one user alone: login name (bob@example.com) or user ID; without filters"`
	listFilter
	tool.Selection
	tool.Paging
}

type listOutput struct {
	Users []tool.Object `json:"users" jsonschema:"the users, in the order of their IDs"`
	tool.Listed
}

func (u *users) list() tool.Tool {
	const name = "list_users"
	return tool.New(tool.Definition{
		Name:       name,
		Title:      "List users",
		Group:      group,
		Operations: []string{"listUsers", "getUser"},
		Class:      grant.Read,
		Description: "Lists the people of the tailnet: login name, role, status (active within 28 days, idle, suspended, needs-approval), number of devices, when last seen. " +
			"Use it to find who is an admin, who waits for approval, who has not been seen for long; set user to look at one alone, of other tailnets too. " +
			"Devices of a user: list_all_devices with its user filter. One call to the Tailscale API, two for a single user.",
		Narrow: "filter by type, role or status, ask for fewer fields, or set a smaller limit",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		if in.User != "" {
			return u.one(ctx, in)
		}
		if in.Type == "" {
			in.Type = "member"
		}
		found, err := u.all(ctx, in.Type, in.Role)
		if err != nil {
			return listOutput{}, err
		}
		if in.Status != "" {
			found = slices.DeleteFunc(found, func(o tailnet.Object) bool { return o.Text("status") != in.Status })
		}
		shown, listed, err := kind.List(call, in.Paging, in.Fields, []any{name, in.listFilter}, found)
		return listOutput{shown, listed}, err
	})
}

// one answers with a single user, as it is now.
func (u *users) one(ctx context.Context, in listInput) (listOutput, error) {
	if in.Type == "member" {
		in.Type = "" // some clients send every default
	}
	if in.listFilter != (listFilter{}) || in.Cursor != "" {
		return listOutput{}, tool.Invalidf("leave out either user or the others", "user names one user, which type, role, status and cursor do not go with")
	}
	found, err := u.resolve(ctx, in.User)
	if err != nil {
		return listOutput{}, err
	}
	o, err := u.api.Object(ctx, tailnet.Request{Op: "getUser", Params: []string{found.Text("id")}})
	if err != nil {
		return listOutput{}, err
	}
	shown, err := kind.One(in.Fields, o)
	if err != nil {
		return listOutput{}, err
	}
	return listOutput{[]tool.Object{shown}, tool.Listed{Total: 1, Returned: 1}}, nil
}
