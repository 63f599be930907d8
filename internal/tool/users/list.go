// SPDX-License-Identifier: MIT

package users

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
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
		Example:    json.RawMessage(`{}`),
		Description: "Lists the people of the tailnet: login name, role, status (active within 28 days, idle, suspended, needs-approval), number of devices, when last seen. " +
			"Use it to find who is an admin, who waits for approval, who has not been seen for long; set user to look at one alone, of other tailnets too. " +
			"Devices of a user: list_all_devices with its user filter. One call to the Tailscale API, two for a single user.",
		Narrow: "filter by type, role or status, ask for fewer fields, or set a smaller limit",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		if in.Type == "member" {
			in.Type = "" // some clients send every default
		}
		if in.User != "" && (in.listFilter != (listFilter{}) || in.Cursor != "") {
			return listOutput{}, tool.Invalidf("leave out either user or the others", "user names one user, which type, role, status and cursor do not go with")
		}
		in.Type = cmp.Or(in.Type, "member")
		shown, listed, err := kind.ListOrOne(ctx, call, tool.Query{
			ID: in.User, One: u.one,
			All:    func(ctx context.Context) ([]tsapi.Object, error) { return u.find(ctx, in.listFilter) },
			Fields: in.Fields, Paging: in.Paging, Scope: []any{name, in.listFilter},
		})
		return listOutput{shown, listed}, err
	})
}

// find reads the users that fit.
func (u *users) find(ctx context.Context, f listFilter) ([]tsapi.Object, error) {
	found, err := u.all(ctx, f.Type, f.Role)
	if f.Status != "" {
		found = slices.DeleteFunc(found, func(o tsapi.Object) bool { return o.Text("status") != f.Status })
	}
	return found, err
}

// one reads the user that name means, as it is now.
func (u *users) one(ctx context.Context, name string) (tsapi.Object, error) {
	found, err := u.resolve(ctx, name)
	if err != nil {
		return tsapi.Object{}, err
	}
	return u.api.Object(ctx, tsapi.Request{Op: "getUser", Params: []string{found.Text("id")}})
}
