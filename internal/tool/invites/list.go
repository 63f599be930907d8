// SPDX-License-Identifier: MIT

package invites

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/users/login"
	"tailscale-mcp/internal/tsapi"
)

type listInput struct {
	Device string `json:"device,omitempty" jsonschema:"name, node ID or address"`
	Kind   string `json:"kind,omitempty" enum:"user,device"`
	Invite string `json:"invite,omitempty" jsonschema:"with kind: this one alone, such as 29214"`
	tool.Selection
	tool.Paging
}

type listOutput struct {
	Invites []tool.Object `json:"invites" jsonschema:"the invitations, in the order of their IDs"`
	Note    string        `json:"note,omitempty" jsonschema:"what is left out, and why"`
	tool.Listed
}

func (i *invites) list() tool.Tool {
	const name = "list_invites"
	return tool.New(tool.Definition{
		Name:       name,
		Title:      "List invitations",
		Group:      group,
		Operations: []string{"listUserInvites", "listDeviceInvites", "getUserInvite", "getDeviceInvite", "listTailnetDevices", "getDevice"},
		Optional:   []string{login.Operation},
		Class:      grant.Read,
		Example:    json.RawMessage(`{"device":"web-1"}`),
		Fields:     fields,
		Description: "Lists the open invitations into the tailnet; or with device those that share it with outsiders, accepted ones too. " +
			"Without links, as their holder can accept.",
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
		names := login.Of(ctx, i.api)
		kind.Joined = joined(names)
		shown, listed, err := kind.ListOrOne(ctx, call, tool.Query{
			ID: in.Invite,
			One: func(ctx context.Context, id string) (tsapi.Object, error) {
				o, _, err := i.get(ctx, which{in.Kind, id})
				return o, err
			},
			All:    func(ctx context.Context) ([]tsapi.Object, error) { return i.api.List(ctx, r, "") },
			Fields: in.Fields, Paging: in.Paging, Scope: []any{name, r.Params},
		})
		return listOutput{shown, notes(hide(shown...), names.Note()), listed}, err
	})
}

// joined are the fields that name people by login.
func joined(names *login.Names) map[string]func(tsapi.Object) string {
	return map[string]func(tsapi.Object) string{"inviterLogin": names.In("inviterId"), "sharerLogin": names.In("sharerId")}
}

// notes are the notes that are not empty, as one.
func notes(all ...string) string {
	return strings.Join(slices.DeleteFunc(all, func(one string) bool { return one == "" }), "; ")
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
