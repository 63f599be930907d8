// SPDX-License-Identifier: MIT

// Package invites has the tools about invitations: of people into the tailnet, and
// of outsiders to one device (https://tailscale.com/api#tag/userinvites and
// #tag/deviceinvites). It imports tool, grant, tailnet and, to find a device by
// name, the devices tools; errors of the API pass through with their codes.
package invites

import (
	"context"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices"
)

const group = "invites"

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	i := &invites{api}
	return tool.Set{Tools: []tool.Tool{i.list(), i.shareDevice(), i.inviteUsers(), i.remove(), i.resend()}}
}

type invites struct{ api *tailnet.API }

// Whoever holds a link can accept the invitation, so a reader gets it when it asks
// for it and not by the way.
var (
	hidden = tool.Kind{ID: "id", Secret: []string{"inviteUrl"}}
	shown  = tool.Kind{ID: "id"}
)

const linkNote = "whoever holds an inviteUrl can accept that invitation: give it to the invited person only"

// which names one invitation.
type which struct {
	Kind   string `json:"kind" jsonschema:"user: into the tailnet; device: a device shared with an outsider" enum:"user,device"`
	Invite string `json:"invite" jsonschema:"ID of the invitation, such as 29214, from list_invites"`
}

// operation is the one of the two for that kind.
func (w which) operation(user, device string) string {
	if w.Kind == "device" {
		return device
	}
	return user
}

// get reads the invitation that a call is about, whose ID may have been given with
// space around it.
func (i *invites) get(ctx context.Context, w which) (o tailnet.Object, id string, err error) {
	id = strings.TrimSpace(w.Invite)
	o, err = i.api.Object(ctx, tailnet.Request{Op: w.operation("getUserInvite", "getDeviceInvite"), Params: []string{id}})
	return o, id, err
}

type listInput struct {
	Device   string `json:"device,omitempty" jsonschema:"list the invitations to this device instead: node ID, address or name"`
	ShowLink bool   `json:"showLink,omitempty" jsonschema:"show the links too; whoever holds one can accept" default:"false"`
}

type listOutput struct {
	Invites []tool.Object `json:"invites" jsonschema:"the invitations"`
	Note    string        `json:"note,omitempty" jsonschema:"what to know about the links"`
}

func (i *invites) list() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "list_invites",
		Title:      "List invitations",
		Group:      group,
		Operations: []string{"listUserInvites", "listDeviceInvites", "listTailnetDevices", "getDevice"},
		Class:      grant.Read,
		Description: "Lists the open invitations of people into the tailnet, with role and email; or, with device, the invitations that share that device with outsiders, accepted ones included. " +
			"Links are left out unless showLink is true. Invitations need the API access token of a person. One call to the Tailscale API, up to three with device.",
		Narrow: "name a device, to list its invitations only",
	}, func(ctx context.Context, _ tool.Call, in listInput) (listOutput, error) {
		r := tailnet.Request{Op: "listUserInvites"}
		if in.Device != "" {
			device, err := devices.Resolve(ctx, i.api, in.Device, false)
			if err != nil {
				return listOutput{}, err
			}
			r = tailnet.Request{Op: "listDeviceInvites", Params: []string{devices.Key(device)}}
		}
		found, err := i.api.List(ctx, r, "")
		if err != nil {
			return listOutput{}, err
		}
		out := listOutput{Note: "links are left out; showLink shows them"}
		kind := hidden
		if in.ShowLink {
			kind, out.Note = shown, linkNote
		}
		out.Invites, err = kind.All(nil, found)
		return out, err
	})
}
