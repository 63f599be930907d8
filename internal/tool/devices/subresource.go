// SPDX-License-Identifier: MIT

package devices

import (
	"context"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// object reads one of the objects that the API keeps beside the device itself: its
// routes or its attributes.
func (d *devices) object(ctx context.Context, op string, device tsapi.Device) (tool.Object, error) {
	o, err := d.api.Object(ctx, tsapi.Request{Op: op, Params: []string{key(device)}})
	if err != nil {
		return nil, err
	}
	return tool.Kind{}.One(nil, o)
}

// unread is the error of an answer that is not as documented, before a change that
// depends on it.
func unread(op string, err error) error {
	return &tsapi.Error{
		Code: failure.UpstreamMalformed, Op: op,
		Message: "nothing was changed: the answer of the Tailscale API cannot be read: " + err.Error(),
		Next:    "try again later, or see whether TAILSCALE_API_URL is the Tailscale API",
	}
}

// subresource is that object as a resource.
func (d *devices) subresource(name, op string) tool.Resource {
	return tool.DeviceResource(tool.Resource{
		URI:         "tailscale://device-" + name + "/{+id}",
		Alias:       "tailscale://device-" + name,
		Example:     "web-1",
		Name:        "device-" + name,
		Title:       "Device " + name,
		Description: "The " + name + " of one device of the tailnet, by node ID, ID, Tailscale address, hostname or MagicDNS name.",
	}, func(ctx context.Context, call tool.Call, id string) (any, error) {
		device, err := d.of(call).resolveAlone(ctx, id, false)
		if err != nil {
			return nil, err
		}
		return d.object(ctx, op, device)
	}, d.completeFor)
}
