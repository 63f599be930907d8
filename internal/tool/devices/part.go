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

// unread is the error of an answer that is another than documented, before a change
// that depends on it.
func unread(op string, err error) error {
	return &tailnet.Error{
		Code: tailnet.CodeUpstreamMalformed, Op: op,
		Message: "nothing was changed: the answer of the Tailscale API cannot be read: " + err.Error(),
		Next:    "try again later, or see whether TAILSCALE_API_URL is the Tailscale API",
	}
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
			device, err := d.resolveAlone(ctx, id, false)
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
