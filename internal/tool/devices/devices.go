// SPDX-License-Identifier: MIT

// Package devices has the group of tools and resources about the tailnet's devices, as
// the Tailscale API knows them: those that read here, those that change in
// devices/change. Which device is meant is for devices/lookup, what is shown of it for
// devices/view. Errors of the API pass through with their codes.
package devices

import (
	"context"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/change"
	"tailscale-mcp/internal/tool/devices/lookup"
)

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface{ change.API }

// Tools returns the group. host says the node ID of the host that serves it, or
// nothing when that is not known.
func Tools(api API, host func(context.Context) string) tool.Set {
	d := &devices{api}
	return tool.Set{
		Tools:     append([]tool.Tool{d.list(), d.info()}, change.Tools(api, host)...),
		Resources: []tool.Resource{d.listResource(), d.tagResource(), d.resource(), d.subresource("routes", "listDeviceRoutes"), d.subresource("attributes", "getDevicePostureAttributes")},
	}
}

// devices are the tools and resources that read.
type devices struct{ api API }

// completeFor offers the names of the devices that the call may see.
func (d *devices) completeFor(ctx context.Context, call tool.Call, prefix string) ([]string, error) {
	return lookup.Complete(ctx, lookup.For(call, d.api), prefix)
}
