// SPDX-License-Identifier: MIT

package devices

import (
	"context"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
)

// resource is the family of resources with one device each, by ID or by name.
func (d *devices) resource() tool.Resource {
	return tool.DeviceResource(tool.Resource{
		URI:         "tailscale://device/{+id}",
		Example:     "web-1",
		Alias:       "tailscale://device",
		Name:        "device",
		Title:       "Device",
		Description: "One device of the tailnet with all fields, by node ID, ID, Tailscale address, hostname or MagicDNS name.",
	}, func(ctx context.Context, call tool.Call, id string) (any, error) {
		device, err := lookup.ResolveAlone(ctx, lookup.For(call, d.api), id, true)
		return view.Whole(device), err
	}, d.completeFor)
}
