// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
)

// expireKey is the tool that ends the key of a device now
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/expire).
func (c *changes) expireKey() tool.Tool {
	return tool.New(tool.Definition{
		Name: "expire_device_key", Title: "Expire a device's key", Group: Group, Target: "device", Devices: true, Class: grant.Destructive,
		Operations: []string{"listTailnetDevices", "getDevice", "expireDeviceKey"},
		Example:    json.RawMessage(`{"device":"web-1"}`),
		Description: "Expires the key of one device now: it is cut off until somebody authenticates on it again. It stays in the tailnet with its name and address. " +
			"Answers with the expiry before and after. Needs confirm. Three or four calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in changeInput) (changeOutput, error) {
		device, err := resolveOwn(ctx, lookup.For(call, c.api), in.Device)
		if err != nil {
			return changeOutput{}, err
		}
		effect := "cuts the device " + lookup.Printable(lookup.Called(device)) + " off until somebody authenticates on it again" + stake(device) + c.cutOff(ctx, call, device)
		return c.change(ctx, call, in, device, "expireDeviceKey", nil, effect, "expires", "keyExpiryDisabled")
	})
}
