// SPDX-License-Identifier: MIT

package users

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

func (u *users) remove() tool.Tool {
	return tool.NewRemoval(define("delete_user", "Delete a user", "deleteUser", grant.Destructive, `{"user":"123459"}`,
		"Removes a user for good. What becomes of devices and keys is not documented. For a while: suspend_user."), u.api,
		func(ctx context.Context, call tool.Call, in changeInput) (tool.Removal, error) {
			before, login, effect, err := u.prepare(ctx, call, in, change{cuts: true, ends: true, effect: func(login string, _ tsapi.Object) string {
				return "removes " + login + " from the tailnet for good"
			}})
			if err != nil {
				return tool.Removal{}, err
			}
			id := before.Text("id")
			shown, err := kind.One(kind.Listed, before)
			return tool.Removal{
				ID: id, Given: in.Confirmation, Name: login, Effect: effect, Previous: shown,
				Request: tsapi.Request{Op: "deleteUser", Params: []string{id}},
			}, err
		})
}
