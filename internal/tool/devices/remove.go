// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// resolveOwn is resolve, with all fields, for what the API does to devices of this tailnet only.
func (d *devices) resolveOwn(ctx context.Context, name string) (tsapi.Device, error) {
	device, err := d.resolve(ctx, name, true)
	if err == nil && device.IsExternal {
		err = tool.Invalidf("ask an admin of the tailnet that shares it to do that there, or to stop sharing it",
			"the device %q belongs to another tailnet and is only shared with this one", tool.Clip(device.Name))
	}
	return device, err
}

// https://tailscale.com/api#tag/devices/DELETE/device/{deviceId}
func (d *devices) remove() tool.Tool {
	return tool.NewRemoval(tool.Definition{
		Name: "delete_device", Title: "Remove a device", Group: group, Target: "device", Devices: true, Class: grant.Destructive,
		Operations: []string{"listTailnetDevices", "getDevice", "deleteDevice"},
		Example:    json.RawMessage(`{"device":"web-1"}`),
		Description: "Removes one device from the tailnet. It cannot be undone: the device loses its address, tags and routes, and has to join again. " +
			"A device that another tailnet shares cannot be removed here. To make somebody log in again use expire_device_key. Needs confirm. Two or three calls to the Tailscale API.",
	}, d.api, func(ctx context.Context, call tool.Call, in changeInput) (tool.Removal, error) {
		device, err := d.of(call).resolveOwn(ctx, in.Device)
		if err != nil {
			return tool.Removal{}, err
		}
		return tool.Removal{
			ID: key(device), Given: in.Confirmation, Name: called(device), Previous: project(device, nil, listed),
			Effect:  "removes the device " + printable(called(device)) + " from the tailnet for good; it has to join again" + stake(device) + d.cutOff(ctx, call, device),
			Request: tsapi.Request{Op: "deleteDevice", Params: []string{key(device)}},
		}, nil
	})
}
