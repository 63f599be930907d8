// SPDX-License-Identifier: MIT

package invites

import (
	"context"
	"encoding/json"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

type usersInput struct {
	Emails []string `json:"emails,omitempty" jsonschema:"such as bob@example.com; none makes a link and sends no mail"`
	Role   string   `json:"role,omitempty" enum:"member,admin,it-admin,network-admin,billing-admin,auditor" default:"member"`
	tool.Confirmation
}

func (i *invites) inviteUsers() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "create_user_invites",
		Title:       "Invite people into the tailnet",
		Group:       group,
		Target:      "emails",
		Operations:  []string{"listUserInvites", "createUserInvites"},
		Class:       grant.Escalating,
		Adds:        true,
		Outside:     true,
		Example:     json.RawMessage(`{"emails":["new@example.org"]}`),
		Description: "Invites people into the tailnet, by mail or by a link for whoever holds it. Takes the API access token of a person.",
	}, func(ctx context.Context, call tool.Call, in usersInput) (createOutput, error) {
		if err := checkEmails(in.Emails); err != nil {
			return createOutput{}, err
		}
		open, err := i.api.List(ctx, tsapi.Request{Op: "listUserInvites"}, "")
		if err != nil {
			return createOutput{}, err
		}
		for _, email := range in.Emails {
			for _, o := range open {
				if strings.EqualFold(o.Text("email"), email) {
					return createOutput{}, &tsapi.Error{
						Code:    failure.Conflict,
						Message: email + " is invited already, as " + o.Text("role"),
						Next:    "send the mail again with resend_invite, or withdraw the invitation " + o.Text("id") + " with delete_invite first",
					}
				}
			}
		}
		if in.Role == "" {
			in.Role = "member"
		}
		name := "link"
		if len(in.Emails) > 0 {
			name = in.Emails[0]
		}
		if err := call.Confirm(in.Confirmation, name, "lets "+invited(in.Emails)+" join the tailnet as "+in.Role); err != nil {
			return createOutput{}, err
		}
		type wanted struct {
			Role  string `json:"role"`
			Email string `json:"email,omitempty"`
		}
		var body []wanted
		for _, email := range in.Emails {
			body = append(body, wanted{in.Role, email})
		}
		if body == nil {
			body = []wanted{{Role: in.Role}}
		}
		return i.create(ctx, "user", tsapi.Request{Op: "createUserInvites", Body: body})
	})
}
