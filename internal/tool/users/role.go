// SPDX-License-Identifier: MIT

package users

import (
	"context"
	"fmt"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type roleInput struct {
	changeInput
	Role string `json:"role" jsonschema:"owner hands over the tailnet" enum:"owner,member,admin,it-admin,network-admin,billing-admin,auditor"`
}

func (u *users) setRole() tool.Tool {
	return tool.New(define("set_user_role", "Change a user's role", "updateUserRole", grant.Escalating, `{"user":"bob@example.com","role":"auditor"}`,
		"Gives a user another role: what it may do in the admin console and by API access tokens."),
		func(ctx context.Context, call tool.Call, in roleInput) (changeOutput, error) {
			return u.change(ctx, call, in.changeInput, change{
				op: "updateUserRole", body: map[string]string{"role": in.Role}, cuts: true,
				effect: func(login string, before tsapi.Object) string {
					effect := fmt.Sprintf("changes the role of %s from %s to %s", login, before.Text("role"), in.Role)
					if in.Role == "owner" {
						effect += ", which hands over the tailnet"
					}
					return effect
				},
			})
		})
}
