// SPDX-License-Identifier: MIT

package invites

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type deleteInput struct {
	which
	tool.Confirmation
}

func (i *invites) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name:        "delete_invite",
		Title:       "Withdraw an invitation",
		Group:       group,
		Target:      "invite",
		Operations:  []string{"getUserInvite", "getDeviceInvite", "deleteUserInvite", "deleteDeviceInvite"},
		Class:       grant.Destructive,
		Example:     json.RawMessage(`{"kind":"device","invite":"12345"}`),
		Description: "Withdraws an invitation. What becomes of a share that was accepted is not documented.",
	}, i.api, func(ctx context.Context, _ tool.Call, in deleteInput) (tool.Removal, error) {
		o, id, err := i.get(ctx, in.which)
		if err != nil {
			return tool.Removal{}, err
		}
		shown, err := in.shown(o)
		return tool.Removal{
			ID: id, Given: in.Confirmation, Name: id, Effect: in.withdrawal(o), Previous: shown,
			Request: tsapi.Request{Op: in.operation("deleteUserInvite", "deleteDeviceInvite"), Params: []string{id}},
		}, err
	})
}
