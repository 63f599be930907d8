// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
)

type ipInput struct {
	changeInput
	IPv4 string `json:"ipv4" jsonschema:"in 100.64.0.0/10, such as 100.80.0.1"`
}

// setIP is the tool that gives a device another address
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/ip).
func (c *changes) setIP() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_device_ip", Title: "Change a device's address", Group: Group, Target: "device", Devices: true, Class: grant.Destructive, Idempotent: true,
		Operations:  []string{"listTailnetDevices", "getDevice", "setDeviceIp"},
		Example:     json.RawMessage(`{"device":"web-1","ipv4":"100.64.0.99"}`),
		Description: "Gives a device another Tailscale IPv4 address. Every connection to it breaks.",
	}, func(ctx context.Context, call tool.Call, in ipInput) (changeOutput, error) {
		addr, err := netip.ParseAddr(strings.TrimSpace(in.IPv4))
		if err != nil || !netip.MustParsePrefix("100.64.0.0/10").Contains(addr) {
			return changeOutput{}, tool.Invalidf("give an address such as 100.80.0.1", "%q is no IPv4 address in 100.64.0.0/10", tool.Clip(in.IPv4))
		}
		device, err := lookup.Resolve(ctx, lookup.For(call, c.api), in.Device, true)
		if err != nil {
			return changeOutput{}, err
		}
		effect := fmt.Sprintf("replaces the addresses %q of the device %s by %s and breaks every connection to it", device.Addresses, lookup.Printable(lookup.Called(device)), addr)
		return c.change(ctx, call, in.changeInput, device, "setDeviceIp", map[string]string{"ipv4": addr.String()}, effect+stake(device)+c.cutOff(ctx, call, device), "addresses")
	})
}
