// SPDX-License-Identifier: MIT

package change

import (
	"cmp"
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
)

type authorizeInput struct {
	changeInput
	Approved *bool `json:"approved,omitempty" jsonschema:"true lets the device in, false takes the approval back" default:"true"`
}

// authorize is the tool that approves a device, or takes that back
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/authorized).
func (c *changes) authorize() tool.Tool {
	return tool.New(tool.Definition{
		Name: "authorize_device", Title: "Approve a device", Group: Group, Target: "device", Devices: true, Class: grant.Escalating, Idempotent: true,
		Operations: []string{"listTailnetDevices", "getDevice", "authorizeDevice"},
		Example:    json.RawMessage(`{"device":"web-1"}`),
		Description: "Approves one device for the tailnet, or with approved false takes the approval back. It matters only where the tailnet requires device approval. " +
			"Needs confirm. Three or four calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in authorizeInput) (changeOutput, error) {
		device, err := lookup.Resolve(ctx, lookup.For(call, c.api), in.Device, true)
		if err != nil {
			return changeOutput{}, err
		}
		approved := in.Approved == nil || *in.Approved
		// Its name is what the device says of itself; its user is not.
		effect := "lets the device " + lookup.Printable(lookup.Called(device)) + " of " + lookup.Printable(cmp.Or(device.User, "an unknown user")) + " into the tailnet"
		if !approved {
			effect = "takes back the approval of the device " + lookup.Printable(lookup.Called(device)) + " and cuts it off" + stake(device) + c.cutOff(ctx, call, device)
		}
		return c.change(ctx, call, in.changeInput, device, "authorizeDevice", map[string]bool{"authorized": approved}, effect, "authorized")
	})
}
