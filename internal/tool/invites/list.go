// SPDX-License-Identifier: MIT

package invites

import (
	"context"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices"
)

type listInput struct {
	Device string `json:"device,omitempty" jsonschema:"list the invitations to this device instead: node ID, address or name"`
	Kind   string `json:"kind,omitempty" jsonschema:"the kind of the one that invite names; user: into the tailnet; device: a device shared with an outsider" enum:"user,device"`
	Invite string `json:"invite,omitempty" jsonschema:"the ID of one invitation, such as 29214, to show it alone; together with kind, without device"`
	tool.Selection
	tool.Paging
}

type listOutput struct {
	Invites []tool.Object `json:"invites" jsonschema:"the invitations, in the order of their IDs"`
	Note    string        `json:"note,omitempty" jsonschema:"what is left out"`
	tool.Listed
}

func (i *invites) list() tool.Tool {
	const name = "list_invites"
	return tool.New(tool.Definition{
		Name:       name,
		Title:      "List invitations",
		Group:      group,
		Operations: []string{"listUserInvites", "listDeviceInvites", "getUserInvite", "getDeviceInvite", "listTailnetDevices", "getDevice"},
		Class:      grant.Read,
		Description: "Lists the open invitations of people into the tailnet, with role and email; or, with device, the invitations that share that device with outsiders, accepted ones included; " +
			"or, with kind and invite, one invitation alone. Links are left out, since whoever holds one can accept. Those of people may take the API access token of a person: no scope is documented for them. " +
			"One call to the Tailscale API, up to three with device.",
		Narrow: "set a smaller limit, ask for fewer fields, or show one invitation with kind and invite",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		if in.Kind != "" || in.Invite != "" {
			return i.one(ctx, in)
		}
		kind, r := kinds["user"], tailnet.Request{Op: "listUserInvites"}
		if in.Device != "" {
			device, err := devices.Resolve(ctx, i.api, in.Device, false)
			if err != nil {
				return listOutput{}, err
			}
			kind, r = kinds["device"], tailnet.Request{Op: "listDeviceInvites", Params: []string{devices.Key(device)}}
		}
		found, err := i.api.List(ctx, r, "")
		if err != nil {
			return listOutput{}, err
		}
		shown, listed, err := kind.List(call, in.Paging, in.Fields, []any{name, r.Params}, found)
		return listOutput{shown, hide(shown...), listed}, err
	})
}

// one answers with an invitation alone, in the form of a list.
func (i *invites) one(ctx context.Context, in listInput) (listOutput, error) {
	switch {
	case in.Kind == "" || strings.TrimSpace(in.Invite) == "":
		return listOutput{}, tool.Invalidf("give both kind and invite to show one invitation, or neither to list them", "kind and invite name an invitation together only")
	case in.Device != "" || in.Cursor != "":
		return listOutput{}, tool.Invalidf("leave out either kind and invite or the others", "kind and invite name one invitation, which device and cursor do not go with")
	}
	o, _, err := i.get(ctx, which{in.Kind, in.Invite})
	if err != nil {
		return listOutput{}, err
	}
	shown, err := kinds[in.Kind].One(in.Fields, o)
	if err != nil {
		return listOutput{}, err
	}
	return listOutput{[]tool.Object{shown}, hide(shown), tool.Listed{Total: 1, Returned: 1}}, nil
}
