// SPDX-License-Identifier: MIT

package users

import (
	"context"
	"fmt"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

func (u *users) restore() tool.Tool {
	return tool.New(define("restore_user", "Restore a suspended user", "restoreUser", grant.Escalating, `{"user":"carol@example.com"}`,
		"Gives a user the access back that suspend_user took."),
		func(ctx context.Context, call tool.Call, in changeInput) (changeOutput, error) {
			return u.change(ctx, call, in, change{op: "restoreUser", effect: func(login string, before tsapi.Object) string {
				return fmt.Sprintf("gives %s access again, as %s (status now: %s)", login, before.Text("role"), before.Text("status"))
			}})
		})
}
