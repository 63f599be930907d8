// SPDX-License-Identifier: MIT

package devices

import (
	"context"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// resolveOwn is resolve for what the API does to devices of this tailnet only.
func (d *devices) resolveOwn(ctx context.Context, name string) (tailnet.Device, error) {
	device, err := d.resolve(ctx, name, false)
	if err == nil && device.IsExternal {
		err = tool.Invalidf("ask an admin of the tailnet that shares it to do that there, or to stop sharing it",
			"the device %q belongs to another tailnet and is only shared with this one", tool.Clip(device.Name))
	}
	return device, err
}

type removeOutput struct {
	Removed tool.Object `json:"removed" jsonschema:"the device that was removed, as it was"`
}

// https://tailscale.com/api#tag/devices/DELETE/device/{deviceId}
func (d *devices) remove() tool.Tool {
	return tool.New(tool.Definition{
		Name: "delete_device", Title: "Remove a device", Group: group, Class: grant.Destructive,
		Operations: []string{"listTailnetDevices", "getDevice", "deleteDevice"},
		Description: "Removes one device from the tailnet. It cannot be undone: the device loses its address, tags and routes, and has to join again. " +
			"A device that another tailnet shares cannot be removed here. To make somebody log in again use expire_device_key. Needs confirm. Two or three calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in changeInput) (removeOutput, error) {
		device, err := d.resolveOwn(ctx, in.Device)
		if err != nil {
			return removeOutput{}, err
		}
		effect := "removes the device " + printable(called(device)) + " from the tailnet for good; it has to join again" + d.cutOff(ctx, call, device)
		if err := call.Confirm(in.Confirmation, called(device), effect); err != nil {
			return removeOutput{}, err
		}
		if err := d.api.Do(ctx, tailnet.Request{Op: "deleteDevice", Params: []string{key(device)}}); err != nil {
			return removeOutput{}, err
		}
		return removeOutput{project(device, nil, listed)}, nil
	})
}

// https://tailscale.com/api#tag/devices/POST/device/{deviceId}/expire
func (d *devices) expireKey() tool.Tool {
	return tool.New(tool.Definition{
		Name: "expire_device_key", Title: "Expire a device's key", Group: group, Class: grant.Destructive,
		Operations: []string{"listTailnetDevices", "getDevice", "expireDeviceKey"},
		Description: "Expires the key of one device now: it is cut off until somebody authenticates on it again. It stays in the tailnet with its name and address. " +
			"Answers with the expiry before and after. Needs confirm. Three or four calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in changeInput) (changeOutput, error) {
		device, err := d.resolveOwn(ctx, in.Device)
		if err != nil {
			return changeOutput{}, err
		}
		effect := "cuts the device " + printable(called(device)) + " off until somebody authenticates on it again" + d.cutOff(ctx, call, device)
		return d.change(ctx, call, in, device, "expireDeviceKey", nil, effect, "expires", "keyExpiryDisabled")
	})
}
