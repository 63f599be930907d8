// SPDX-License-Identifier: MIT

package users

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

func (u *users) approve() tool.Tool {
	return tool.New(define("approve_user", "Approve a user", "approveUser", grant.Escalating, `{"user":"dave@example.com"}`,
		"Lets a user in who waits for approval (list_users, status needs-approval)."),
		func(ctx context.Context, call tool.Call, in changeInput) (changeOutput, error) {
			return u.change(ctx, call, in, change{op: "approveUser", effect: func(login string, before tsapi.Object) string {
				return "lets " + login + " into the tailnet (status now: " + before.Text("status") + ")"
			}})
		})
}
