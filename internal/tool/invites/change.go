// SPDX-License-Identifier: MIT

package invites

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

type changeOutput struct {
	Invite tool.Object `json:"invite" jsonschema:"the invitation, without its link"`
	Done   string      `json:"done" jsonschema:"what was done with it"`
}

func (w which) answer(o tailnet.Object, done string) (changeOutput, error) {
	invite, err := kinds[w.Kind].One(nil, o)
	hide(invite)
	return changeOutput{invite, done}, err
}

type deleteInput struct {
	which
	tool.Confirmation
}

func (i *invites) remove() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "delete_invite",
		Title:      "Withdraw an invitation",
		Group:      group,
		Operations: []string{"getUserInvite", "getDeviceInvite", "deleteUserInvite", "deleteDeviceInvite"},
		Class:      grant.Destructive,
		Description: "Withdraws an invitation of a person or of an outsider to a device: its link stops working. What becomes of a share that was accepted already is not documented. " +
			"The argument confirm is the ID of the invitation. Two calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in deleteInput) (changeOutput, error) {
		o, id, err := i.get(ctx, in.which)
		if err != nil {
			return changeOutput{}, err
		}
		if err := call.Confirm(in.Confirmation, id, in.withdrawal(o)); err != nil {
			return changeOutput{}, err
		}
		r := tailnet.Request{Op: in.operation("deleteUserInvite", "deleteDeviceInvite"), Params: []string{id}}
		if err := i.api.Do(ctx, r); err != nil {
			return changeOutput{}, err
		}
		return in.answer(o, "withdrawn")
	})
}

func (i *invites) resend() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "resend_invite",
		Title:      "Send an invitation again",
		Group:      group,
		Operations: []string{"getUserInvite", "getDeviceInvite", "resendUserInvite", "resendDeviceInvite"},
		Class:      grant.Write,
		Description: "Sends the mail of an invitation again, once a minute at most. One that was made without an email address has nothing to send. " +
			"Two calls to the Tailscale API, with the token of a person.",
	}, func(ctx context.Context, _ tool.Call, in which) (changeOutput, error) {
		o, id, err := i.get(ctx, in)
		if err != nil {
			return changeOutput{}, err
		}
		if o.Text("email") == "" {
			return changeOutput{}, tool.Invalidf("give the person its link, or withdraw it with delete_invite and make another, whose link is shown", "the invitation was made without an email address")
		}
		r := tailnet.Request{Op: in.operation("resendUserInvite", "resendDeviceInvite"), Params: []string{id}}
		if err := i.api.Do(ctx, r); err != nil {
			return changeOutput{}, err
		}
		return in.answer(o, "sent again")
	})
}
