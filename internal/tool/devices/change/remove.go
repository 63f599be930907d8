// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
	"tailscale-mcp/internal/tsapi"
)

// resolveOwn returns the device as [lookup.Resolve] does, with all fields, for what the
// API does to devices of this tailnet only.
func resolveOwn(ctx context.Context, api lookup.API, name string) (tsapi.Device, error) {
	device, err := lookup.Resolve(ctx, api, name, true)
	if err == nil && device.IsExternal {
		err = tool.Invalidf("ask an admin of the tailnet that shares it to do that there, or to stop sharing it",
			"the device %q belongs to another tailnet and is only shared with this one", tool.Clip(device.Name))
	}
	return device, err
}

// remove is the tool that removes a device
// (https://tailscale.com/api#tag/devices/DELETE/device/{deviceId}).
func (c *changes) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name: "delete_device", Title: "Remove a device", Group: Group, Target: "device", Devices: true, Class: grant.Destructive,
		Operations: []string{"listTailnetDevices", "getDevice", "deleteDevice"},
		Example:    json.RawMessage(`{"device":"web-1"}`),
		Description: "Removes one device from the tailnet. It cannot be undone: the device loses its address, tags and routes, and has to join again. " +
			"A device that another tailnet shares cannot be removed here. To make somebody log in again use expire_device_key. Needs confirm. Two or three calls to the Tailscale API.",
	}, c.api, func(ctx context.Context, call tool.Call, in changeInput) (tool.Removal, error) {
		device, err := resolveOwn(ctx, lookup.For(call, c.api), in.Device)
		if err != nil {
			return tool.Removal{}, err
		}
		return tool.Removal{
			ID: lookup.Key(device), Given: in.Confirmation, Name: lookup.Called(device), Previous: view.Project(device, nil, view.InList),
			Effect:  "removes the device " + lookup.Printable(lookup.Called(device)) + " from the tailnet for good; it has to join again" + stake(device) + c.cutOff(ctx, call, device),
			Request: tsapi.Request{Op: "deleteDevice", Params: []string{lookup.Key(device)}},
		}, nil
	})
}
