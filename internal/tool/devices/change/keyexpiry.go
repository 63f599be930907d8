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

type expiryInput struct {
	batchInput
	Expires bool `json:"expires" jsonschema:"false: valid for ever"`
}

// setKeyExpiry is the tool that sets whether the keys of devices expire
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/key).
func (c *changes) setKeyExpiry() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_device_key_expiry", Title: "Set whether keys of devices expire", Group: Group, Target: "devices", Devices: true, Class: grant.Escalating, Idempotent: true,
		Former: formerDevice, Timeout: batchTimeout, Weight: batchWeight,
		Operations:  []string{"listTailnetDevices", "getDevice", "updateDeviceKey"},
		Example:     json.RawMessage(`{"devices":["web-1"],"expires":false}`),
		Description: "Sets whether keys of devices expire. With true the original time applies again, past or not.",
	}, func(ctx context.Context, call tool.Call, in expiryInput) (batchOutput, error) {
		found, err := c.find(ctx, call, in.batchInput)
		if err != nil {
			return batchOutput{}, err
		}
		b := batch{
			op: "updateDeviceKey", body: map[string]bool{"keyExpiryDisabled": !in.Expires}, fields: []string{"keyExpiryDisabled", "expires"}, cuts: in.Expires,
			already: func(d tsapi.Device) bool { return says(d, "keyExpiryDisabled", !in.Expires) },
			effect:  func(these string) string { return "keeps the key of " + these + " valid for ever" },
			each:    nothing,
		}
		if in.Expires {
			b.effect = func(these string) string { return "lets the key of " + these + " expire" }
			b.each = func(d tsapi.Device) string { return "expires " + expiry(d.Expires) }
		}
		return c.run(ctx, call, in.batchInput, found, b)
	})
}

// says reports whether the API has said that a field of a device is so: one that is
// absent says nothing.
func says(d tsapi.Device, field string, value bool) bool {
	text, ok := d.Field(field)
	return ok && string(text) == map[bool]string{true: "true", false: "false"}[value]
}

// expiry says in words when a key expires, and when that is past what follows at once.
func expiry(expires string) string {
	at, err := time.Parse(time.RFC3339, expires)
	switch {
	case err != nil:
		return "at a time that is not known: when it is past, the device is cut off at once"
	case at.Before(time.Now()):
		return "at " + lookup.Printable(expires) + ", which is past: the device is cut off at once, until somebody authenticates on it again"
	}
	return "at " + lookup.Printable(expires)
}
