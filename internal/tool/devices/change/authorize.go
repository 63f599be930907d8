// SPDX-License-Identifier: MIT

package change

import (
	"cmp"
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

type authorizeInput struct {
	batchInput
	Approved *bool `json:"approved,omitempty" jsonschema:"false takes it back" default:"true"`
}

// authorize is the tool that approves devices, or takes that back
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/authorized).
func (c *changes) authorize() tool.Tool {
	return tool.New(tool.Definition{
		Name: "authorize_device", Title: "Approve devices", Group: Group, Target: "devices", Devices: true, Class: grant.Escalating, Idempotent: true,
		Former: formerDevice, Timeout: batchTimeout, Weight: batchWeight,
		Operations:  []string{"listTailnetDevices", "getDevice", "authorizeDevice"},
		Example:     json.RawMessage(`{"devices":["web-1"]}`),
		Description: "Approves devices, where the tailnet requires it, or takes that back.",
	}, func(ctx context.Context, call tool.Call, in authorizeInput) (batchOutput, error) {
		found, err := c.find(ctx, call, in.batchInput)
		if err != nil {
			return batchOutput{}, err
		}
		approved := in.Approved == nil || *in.Approved
		b := batch{
			op: "authorizeDevice", body: map[string]bool{"authorized": approved}, fields: []string{"authorized"}, cuts: !approved,
			already: func(d tsapi.Device) bool { return says(d, "authorized", approved) },
			effect:  func(these string) string { return "lets " + these + " into the tailnet" },
			// Its name is what a device says of itself; its user is not.
			each: func(d tsapi.Device) string {
				return "was registered by " + lookup.Printable(cmp.Or(d.User, "an unknown user"))
			},
		}
		if !approved {
			b.each = nothing
			b.effect = func(these string) string { return "takes back the approval of " + these + ", which is cut off" }
		}
		return c.run(ctx, call, in.batchInput, found, b)
	})
}
