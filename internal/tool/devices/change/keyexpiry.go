// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"encoding/json"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
)

type expiryInput struct {
	changeInput
	Expires bool `json:"expires" jsonschema:"true lets the key expire at its time, false keeps it valid for ever"`
}

// setKeyExpiry is the tool that sets whether the key of a device expires
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/key).
func (c *changes) setKeyExpiry() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_device_key_expiry", Title: "Set whether a device's key expires", Group: Group, Target: "device", Devices: true, Class: grant.Escalating, Idempotent: true,
		Operations: []string{"listTailnetDevices", "getDevice", "updateDeviceKey"},
		Example:    json.RawMessage(`{"device":"web-1","expires":false}`),
		Description: "Sets whether the key of one device expires. With expires false it stays valid for ever; with true the original time applies again, " +
			"and a device whose time is past is cut off. Needs confirm. Three or four calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in expiryInput) (changeOutput, error) {
		device, err := lookup.Resolve(ctx, lookup.For(call, c.api), in.Device, true)
		if err != nil {
			return changeOutput{}, err
		}
		effect := "keeps the key of the device " + lookup.Printable(lookup.Called(device)) + " valid for ever"
		if in.Expires {
			effect = "lets the key of the device " + lookup.Printable(lookup.Called(device)) + " expire " + expiry(device.Expires) + stake(device) + c.cutOff(ctx, call, device)
		}
		return c.change(ctx, call, in.changeInput, device, "updateDeviceKey", map[string]bool{"keyExpiryDisabled": !in.Expires}, effect, "keyExpiryDisabled", "expires")
	})
}

// expiry says in words when a key expires, and when that is past what follows at once.
func expiry(expires string) string {
	at, err := time.Parse(time.RFC3339, expires)
	switch {
	case err != nil:
		return "at a time that is not known: when it is past, the device is cut off at once"
	case at.Before(time.Now()):
		return "at " + expires + ", which is past: the device is cut off at once, until somebody authenticates on it again"
	}
	return "at " + expires
}
