// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// findOwn is find for what the API does to devices of this tailnet only.
func (c *changes) findOwn(ctx context.Context, call tool.Call, in batchInput) ([]tsapi.Device, error) {
	found, err := c.find(ctx, call, in)
	for _, d := range found {
		if err == nil && d.IsExternal {
			err = tool.Invalidf("ask an admin of the tailnet that shares it to do that there, or to stop sharing it",
				"the device %q belongs to another tailnet and is only shared with this one", tool.Clip(d.Name))
		}
	}
	return found, err
}

// remove is the tool that removes devices
// (https://tailscale.com/api#tag/devices/DELETE/device/{deviceId}).
func (c *changes) remove() tool.Tool {
	return tool.New(tool.Definition{
		Name: "delete_device", Title: "Remove devices", Group: Group, Target: "devices", Devices: true, Class: grant.Destructive,
		Former: formerDevice, Timeout: batchTimeout, Weight: batchWeight,
		Operations:  []string{"listTailnetDevices", "getDevice", "deleteDevice"},
		Example:     json.RawMessage(`{"devices":["web-1"]}`),
		Description: "Removes devices for good: each has to join again. To make somebody sign in again use expire_device_key.",
	}, func(ctx context.Context, call tool.Call, in batchInput) (batchOutput, error) {
		found, err := c.findOwn(ctx, call, in)
		if err != nil {
			return batchOutput{}, err
		}
		return c.run(ctx, call, in, found, batch{
			op: "deleteDevice", cuts: true,
			effect: func(these string) string {
				return "removes " + these + " from the tailnet for good, to which each has to join again"
			},
			each: nothing,
		})
	})
}

// nothing is the effect on one of several devices that is the same as on the others.
func nothing(tsapi.Device) string { return "" }
