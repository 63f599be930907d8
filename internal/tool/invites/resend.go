// SPDX-License-Identifier: MIT

package invites

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type resendOutput struct {
	Invite tool.Object `json:"invite" jsonschema:"the invitation, without its link"`
	Done   string      `json:"done" jsonschema:"what was done with it"`
}

func (i *invites) resend() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "resend_invite",
		Title:       "Send an invitation again",
		Group:       group,
		Target:      "invite",
		Operations:  []string{"getUserInvite", "getDeviceInvite", "resendUserInvite", "resendDeviceInvite"},
		Class:       grant.Write,
		Outside:     true,
		Example:     json.RawMessage(`{"kind":"device","invite":"12345"}`),
		Description: "Sends the mail of an invitation again, once a minute at most. Takes the API access token of a person.",
	}, func(ctx context.Context, _ tool.Call, in which) (resendOutput, error) {
		o, id, err := i.get(ctx, in)
		if err != nil {
			return resendOutput{}, err
		}
		if o.Text("email") == "" {
			return resendOutput{}, tool.Invalidf("give the person its link, or withdraw it with delete_invite and make another, whose link is shown", "the invitation was made without an email address")
		}
		r := tsapi.Request{Op: in.operation("resendUserInvite", "resendDeviceInvite"), Params: []string{id}}
		if err := i.api.Do(ctx, r); err != nil {
			return resendOutput{}, err
		}
		shown, err := in.shown(o)
		return resendOutput{shown, "sent again"}, err
	})
}
