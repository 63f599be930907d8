// SPDX-License-Identifier: MIT

package invites

import (
	"context"
	"encoding/json"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
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
		Example:    json.RawMessage(`{"device":"web-1"}`),
		Description: "Lists the open invitations of people into the tailnet, with role and email; or, with device, the invitations that share that device with outsiders, accepted ones included; " +
			"or, with kind and invite, one invitation alone. Links are left out, since whoever holds one can accept. Those of people may take the API access token of a person: no scope is documented for them. " +
			"One call to the Tailscale API, up to three with device.",
		Narrow: "set a smaller limit, ask for fewer fields, or show one invitation with kind and invite",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		if err := in.check(); err != nil {
			return listOutput{}, err
		}
		kind, r := kinds["user"], tsapi.Request{Op: "listUserInvites"}
		if in.Invite != "" {
			kind = kinds[in.Kind]
		}
		if in.Device != "" {
			device, err := lookup.Resolve(ctx, i.api, in.Device, false)
			if err != nil {
				return listOutput{}, err
			}
			kind, r = kinds["device"], tsapi.Request{Op: "listDeviceInvites", Params: []string{lookup.Key(device)}}
		}
		shown, listed, err := kind.ListOrOne(ctx, call, tool.Query{
			ID: in.Invite,
			One: func(ctx context.Context, id string) (tsapi.Object, error) {
				o, _, err := i.get(ctx, which{in.Kind, id})
				return o, err
			},
			All:    func(ctx context.Context) ([]tsapi.Object, error) { return i.api.List(ctx, r, "") },
			Fields: in.Fields, Paging: in.Paging, Scope: []any{name, r.Params},
		})
		return listOutput{shown, hide(shown...), listed}, err
	})
}

// check refuses arguments that do not go together: kind and invite name one invitation.
func (in listInput) check() error {
	switch {
	case in.Kind == "" && in.Invite == "":
		return nil
	case in.Kind == "" || strings.TrimSpace(in.Invite) == "":
		return tool.Invalidf("give both kind and invite to show one invitation, or neither to list them", "kind and invite name an invitation together only")
	case in.Device != "" || in.Cursor != "":
		return tool.Invalidf("leave out either kind and invite or the others", "kind and invite name one invitation, which device and cursor do not go with")
	}
	return nil
}
