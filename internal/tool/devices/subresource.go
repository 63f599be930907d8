// SPDX-License-Identifier: MIT

package devices

import (
	"context"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
)

// subresource is the family of resources with one object each that the API keeps
// beside a device, by the operation that reads it.
func (d *devices) subresource(name, op string) tool.Resource {
	return tool.DeviceResource(tool.Resource{
		URI:         "tailscale://device-" + name + "/{+id}",
		Alias:       "tailscale://device-" + name,
		Example:     "web-1",
		Name:        "device-" + name,
		Title:       "Device " + name,
		Description: "The " + name + " of one device of the tailnet, by node ID, ID, Tailscale address, hostname or MagicDNS name.",
	}, func(ctx context.Context, call tool.Call, id string) (any, error) {
		device, err := lookup.ResolveAlone(ctx, lookup.For(call, d.api), id, false)
		if err != nil {
			return nil, err
		}
		return view.Beside(ctx, d.api, op, device)
	}, d.completeFor)
}
