// SPDX-License-Identifier: MIT

// Package devices has the tools and resources about the tailnet's devices, as
// the Tailscale API knows them. It imports tool, grant and tailnet; errors of
// the API pass through with their codes.
package devices

import (
	"context"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// API is what these tools need; *tsapi.API is one.
type API interface {
	ListDevices(ctx context.Context, q tsapi.DeviceQuery) ([]tsapi.Device, error)
	GetDevice(ctx context.Context, id string, allFields bool) (tsapi.Device, error)
	SetDeviceName(ctx context.Context, id, name string) error
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
}

const group = "devices"

// Tools returns the group. host says the node ID of the host that serves it, or
// nothing when that is not known.
func Tools(api API, host func(context.Context) string) tool.Set {
	d := &devices{api, host}
	return tool.Set{
		Tools:     []tool.Tool{d.list(), d.info(), d.rename(), d.setRoutes(), d.authorize(), d.setTags(), d.setKeyExpiry(), d.setIP(), d.expireKey(), d.remove(), d.updateAttributes()},
		Resources: []tool.Resource{d.listResource(), d.tagResource(), d.resource(), d.subresource("routes", "listDeviceRoutes"), d.subresource("attributes", "getDevicePostureAttributes")},
	}
}

type devices struct {
	api  API
	host func(context.Context) string
}

// key orders devices by something that lasts and is unique.
func key(d tsapi.Device) string {
	if d.NodeID != "" {
		return d.NodeID
	}
	return d.ID
}
