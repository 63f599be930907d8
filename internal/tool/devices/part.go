// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// object is what the API keeps beside the device itself.
func (d *devices) object(ctx context.Context, op string, device tailnet.Device) (tool.Object, error) {
	o, err := d.api.Object(ctx, tailnet.Request{Op: op, Params: []string{key(device)}})
	if err != nil {
		return nil, err
	}
	return tool.Kind{}.One(nil, o)
}

// part is that as a resource.
func (d *devices) part(name, op string) tool.Resource {
	return tool.Resource{
		URI:         "tailscale://device-" + name + "/{id}",
		Alias:       "tailscale://device-" + name,
		Name:        "device-" + name,
		Title:       "Device " + name,
		Description: "The " + name + " of one device of the tailnet, by node ID, ID, Tailscale address, hostname or MagicDNS name.",
		MIMEType:    "application/json",
		Read: func(ctx context.Context, id string) (string, error) {
			device, err := d.resolve(ctx, id, false)
			if err != nil {
				return "", err
			}
			o, err := d.object(ctx, op, device)
			if err != nil {
				return "", err
			}
			text, err := json.Marshal(o)
			return string(text), err
		},
		Complete: d.complete,
	}
}
