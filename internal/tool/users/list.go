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
	Type   string `json:"type,omitempty" jsonschema:"shared: of other tailnets" enum:"member,shared,all" default:"member"`
	Role   string `json:"role,omitempty" enum:"owner,member,admin,it-admin,network-admin,billing-admin,auditor"`
	Status string `json:"status,omitempty" enum:"active,idle,suspended,needs-approval,over-billing-limit"`
}

type listInput struct {
	User string `json:"user,omitempty" jsonschema:"this one alone: login name (bob@example.com) or ID"`
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
		Name:        name,
		Title:       "List users",
		Group:       group,
		Operations:  []string{"listUsers", "getUser"},
		Class:       grant.Read,
		Example:     json.RawMessage(`{}`),
		Fields:      kind.Listed,
		Description: "Lists people: login name, role, status (active: seen within 28 days), number of devices, last seen.",
		Narrow:      "filter by type, role or status, ask for fewer fields, or set a smaller limit",
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
