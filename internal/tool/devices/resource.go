// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
)

// resource is one device, by ID or by name.
func (d *devices) resource() tool.Resource {
	return tool.Resource{
		URI:         "tailscale://device/{id}",
		Alias:       "tailscale://device",
		Name:        "device",
		Title:       "Device",
		Description: "One device of the tailnet with all fields, by node ID, ID, Tailscale address, hostname or MagicDNS name.",
		MIMEType:    "application/json",
		Read: func(ctx context.Context, id string) (string, error) {
			device, err := d.resolveAlone(ctx, id, true)
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(whole(device))
			return string(text), err
		},
		Complete: d.complete,
	}
}

// Complete offers the names of devices that begin with a prefix, for arguments of
// prompts and for tools of other groups.
func Complete(api API) func(ctx context.Context, prefix string) ([]string, error) {
	return (&devices{api: api}).complete
}

// complete offers the names of devices that begin with prefix, and the node IDs
// of others that do.
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
