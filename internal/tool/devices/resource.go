// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
)

// resource is one device, by ID or by name.
func (d *devices) resource() tool.Resource {
	return tool.DeviceResource(tool.Resource{
		URI:         "tailscale://device/{+id}",
		Example:     "web-1",
		Alias:       "tailscale://device",
		Name:        "device",
		Title:       "Device",
		Description: "One device of the tailnet with all fields, by node ID, ID, Tailscale address, hostname or MagicDNS name.",
	}, func(ctx context.Context, call tool.Call, id string) (any, error) {
		device, err := d.of(call).resolveAlone(ctx, id, true)
		return whole(device), err
	}, d.completeFor)
}

// Complete offers the names of devices that begin with a prefix, for arguments of
// prompts and for tools of other groups.
func Complete(api API) func(ctx context.Context, prefix string) ([]string, error) {
	return (&devices{api: api}).complete
}

// complete offers the names of devices that begin with prefix, and the node IDs
// of others that do.
// completeFor is complete with the devices that the call may see.
func (d *devices) completeFor(ctx context.Context, call tool.Call, prefix string) ([]string, error) {
	return d.of(call).complete(ctx, prefix)
}

func (d *devices) complete(ctx context.Context, prefix string) ([]string, error) {
	found, err := d.find(ctx, filter{}, false)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, device := range found {
		for _, name := range []string{called(device), key(device)} {
			if len(name) >= len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
				names = append(names, name)
				break
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
