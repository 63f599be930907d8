// SPDX-License-Identifier: MIT

package invites

import (
	"context"
	"net/mail"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices"
)

const mostEmails = 50

// checkEmails refuses what is no address before anything is sent to anybody.
func checkEmails(emails []string) error {
	if len(emails) > mostEmails {
		return tool.Invalidf("invite fewer at once", "there are %d addresses, and at most %d are invited in one call", len(emails), mostEmails)
	}
	for _, email := range emails {
		if a, err := mail.ParseAddress(email); err != nil || a.Address != email {
			return tool.Invalidf("write addresses like bob@example.com", "%.80q is no email address", email)
		}
	}
	return nil
}

// invited says to whom the invitations go.
func invited(emails []string) string {
	if len(emails) == 0 {
		return "whoever holds the link"
	}
	return strings.Join(emails, ", ")
}

type createOutput struct {
	Invites []tool.Object `json:"invites" jsonschema:"the new invitations, with their links"`
	Note    string        `json:"note" jsonschema:"what to know about the links"`
}

func (i *invites) create(ctx context.Context, r tailnet.Request) (createOutput, error) {
	made, err := i.api.List(ctx, r, "")
	if err != nil {
		return createOutput{}, err
	}
	out := createOutput{Note: linkNote}
	out.Invites, err = shown.All(nil, made)
	return out, err
}

type shareInput struct {
	Device        string   `json:"device" jsonschema:"the device to share: node ID, address or name"`
	Emails        []string `json:"emails,omitempty" jsonschema:"who is invited by mail, such as bob@example.org; empty makes one link and sends no mail"`
	MultiUse      bool     `json:"multiUse,omitempty" jsonschema:"the link may be accepted by up to 1000 people" default:"false"`
	AllowExitNode bool     `json:"allowExitNode,omitempty" jsonschema:"the invited may use the device as exit node" default:"false"`
	tool.Confirmation
}

func (i *invites) shareDevice() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "create_device_invites",
		Title:      "Share a device with outsiders",
		Group:      group,
		Operations: []string{"listTailnetDevices", "getDevice", "createDeviceInvites"},
		Class:      grant.Escalating,
		Description: "Invites people of other tailnets to reach one device, by mail or by a link that anybody can use who holds it. What they reach on it is up to the policy file. " +
			"Answers with the links. The argument confirm is the device's short name. Not to be repeated: each call makes new invitations. Up to three calls to the Tailscale API, with the token of a person.",
	}, func(ctx context.Context, call tool.Call, in shareInput) (createOutput, error) {
		if err := checkEmails(in.Emails); err != nil {
			return createOutput{}, err
		}
		device, err := devices.Resolve(ctx, i.api, in.Device, false)
		if err != nil {
			return createOutput{}, err
		}
		name, _, _ := strings.Cut(device.Name, ".")
		if err := call.Confirm(in.Confirmation, name, "lets "+invited(in.Emails)+" reach the device "+name+" from outside of the tailnet"); err != nil {
			return createOutput{}, err
		}
		type wanted struct {
			MultiUse      bool   `json:"multiUse"`
			AllowExitNode bool   `json:"allowExitNode"`
			Email         string `json:"email,omitempty"`
		}
		var body []wanted
		for _, email := range in.Emails {
			body = append(body, wanted{in.MultiUse, in.AllowExitNode, email})
		}
		if body == nil {
			body = []wanted{{in.MultiUse, in.AllowExitNode, ""}}
		}
		return i.create(ctx, tailnet.Request{Op: "createDeviceInvites", Params: []string{device.NodeID}, Body: body})
	})
}

type usersInput struct {
	Emails []string `json:"emails,omitempty" jsonschema:"who is invited by mail, such as bob@example.com; empty makes one link and sends no mail"`
	Role   string   `json:"role,omitempty" jsonschema:"the role that they get; owner cannot be given so" enum:"member,admin,it-admin,network-admin,billing-admin,auditor" default:"member"`
	tool.Confirmation
}

func (i *invites) inviteUsers() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "create_user_invites",
		Title:      "Invite people into the tailnet",
		Group:      group,
		Operations: []string{"listUserInvites", "createUserInvites"},
		Class:      grant.Escalating,
		Description: "Invites people into the tailnet with a role, by mail or by a link that anybody can use who holds it. One who is invited already is refused: see list_invites and resend_invite. " +
			"Answers with the links. The argument confirm is the first email address, or link without any. Two calls to the Tailscale API, with the token of a person.",
	}, func(ctx context.Context, call tool.Call, in usersInput) (createOutput, error) {
		if err := checkEmails(in.Emails); err != nil {
			return createOutput{}, err
		}
		open, err := i.api.List(ctx, tailnet.Request{Op: "listUserInvites"}, "")
		if err != nil {
			return createOutput{}, err
		}
		for _, email := range in.Emails {
			for _, o := range open {
				if strings.EqualFold(o.Text("email"), email) {
					return createOutput{}, &tailnet.Error{
						Code:    tailnet.CodeConflict,
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
		return i.create(ctx, tailnet.Request{Op: "createUserInvites", Body: body})
	})
}
