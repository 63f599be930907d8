// SPDX-License-Identifier: MIT

package invites

import (
	"context"
	"encoding/json"
	"fmt"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

type shareInput struct {
	Device        string   `json:"device" jsonschema:"name, node ID or address"`
	Emails        []string `json:"emails,omitempty" jsonschema:"such as bob@example.org; none makes a link and sends no mail"`
	MultiUse      bool     `json:"multiUse,omitempty" jsonschema:"each link for up to 1000 people"`
	AllowExitNode bool     `json:"allowExitNode,omitempty"`
	tool.Confirmation
}

// effect says who may reach the device by the invitations.
func (in shareInput) effect(device string) string {
	effect := fmt.Sprintf("lets %s reach the device %.80q from outside of the tailnet", invited(in.Emails), device)
	if in.AllowExitNode {
		effect += "; with allowExitNode they may route their traffic through it, so that it seems to come from there"
	}
	if in.MultiUse {
		effect += "; with multiUse up to 1000 people may accept each link"
	}
	return effect
}

func (i *invites) shareDevice() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "create_device_invites",
		Title:       "Share a device with outsiders",
		Group:       group,
		Target:      "device",
		Operations:  []string{"listTailnetDevices", "getDevice", "createDeviceInvites"},
		Class:       grant.Escalating,
		Adds:        true,
		Outside:     true,
		Example:     json.RawMessage(`{"device":"web-1"}`),
		Description: "Shares a device with people of other tailnets, by mail or by a link for whoever holds it. Takes the API access token of a person.",
	}, func(ctx context.Context, call tool.Call, in shareInput) (createOutput, error) {
		if err := checkEmails(in.Emails); err != nil {
			return createOutput{}, err
		}
		device, err := lookup.Resolve(ctx, i.api, in.Device, false)
		if err != nil {
			return createOutput{}, err
		}
		name := lookup.Called(device)
		if err := call.Touching(lookup.Key(device)).Confirm(in.Confirmation, name, in.effect(name)); err != nil {
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
		return i.create(ctx, "device", tsapi.Request{Op: "createDeviceInvites", Params: []string{lookup.Key(device)}, Body: body})
	})
}
