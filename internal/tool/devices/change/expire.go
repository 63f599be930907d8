// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"encoding/json"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

// expireKey is the tool that ends the keys of devices now
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/expire).
func (c *changes) expireKey() tool.Tool {
	return tool.New(tool.Definition{
		Name: "expire_device_key", Title: "Expire the keys of devices", Group: Group, Target: "devices", Devices: true, Class: grant.Destructive,
		Former: formerDevice, Timeout: batchTimeout, Weight: batchWeight,
		Operations:  []string{"listTailnetDevices", "getDevice", "expireDeviceKey"},
		Example:     json.RawMessage(`{"devices":["web-1"]}`),
		Description: "Ends keys now: each device is cut off until somebody signs in on it.",
	}, func(ctx context.Context, call tool.Call, in batchInput) (batchOutput, error) {
		found, err := c.findOwn(ctx, call, in)
		if err != nil {
			return batchOutput{}, err
		}
		return c.run(ctx, call, in, found, batch{
			op: "expireDeviceKey", fields: []string{"expires", "keyExpiryDisabled"}, cuts: true,
			already: func(d tsapi.Device) bool { return !d.Online() && lookup.EndsBy(d, time.Now()) },
			effect:  func(these string) string { return "cuts " + these + " off until somebody authenticates there again" },
			each:    nothing,
		})
	})
}
