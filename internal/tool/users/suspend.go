// SPDX-License-Identifier: MIT

package users

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

func (u *users) suspend() tool.Tool {
	return tool.New(define("suspend_user", "Suspend a user", "suspendUser", grant.Destructive, `{"user":"bob@example.com"}`,
		"Takes a user's access away, and that of its devices, until restore_user."),
		func(ctx context.Context, call tool.Call, in changeInput) (changeOutput, error) {
			return u.change(ctx, call, in, change{op: "suspendUser", cuts: true, ends: true, effect: func(login string, _ tsapi.Object) string {
				return "takes the access to the tailnet from " + login
			}})
		})
}
