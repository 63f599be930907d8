// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/change"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
	"tailscale-mcp/internal/tsapi"
)

type infoInput struct {
	Device  string   `json:"device" jsonschema:"name, address or node ID"`
	Fields  []string `json:"fields,omitempty" jsonschema:"instead of the usual ones; or all"`
	Include []string `json:"include,omitempty" jsonschema:"shown besides" enum:"routes,attributes"`
}

type infoOutput struct {
	Device     tool.Object `json:"device" jsonschema:"the device"`
	Routes     tool.Object `json:"routes,omitempty" jsonschema:"its routes, when included"`
	Attributes tool.Object `json:"attributes,omitempty" jsonschema:"its posture attributes, when included"`
}

// info is the tool that shows one device.
func (d *devices) info() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "get_device_info",
		Title:       "Get one device",
		Group:       change.Group,
		Operations:  []string{"listTailnetDevices", "getDevice", "listDeviceRoutes", "getDevicePostureAttributes"},
		Devices:     true,
		Class:       grant.Read,
		Example:     json.RawMessage(`{"device":"web-1"}`),
		Description: "Shows one device: addresses, owner, version, key expiry, approval, routes, SSH.",
		Narrow:      "ask for single fields",
		Fields:      []string{"addresses", "clientVersion", "expires", "enabledRoutes", "clientConnectivity", "postureIdentity", "distro"},
	}, func(ctx context.Context, call tool.Call, in infoInput) (infoOutput, error) {
		device, err := lookup.Resolve(ctx, lookup.For(call, d.api), in.Device, true)
		if err != nil {
			return infoOutput{}, err
		}
		fields := view.Distinct(in.Fields)
		if err := view.Check([]tsapi.Device{device}, fields); err != nil {
			return infoOutput{}, err
		}
		out := infoOutput{Device: view.Project(device, fields, view.Alone)}
		if slices.Contains(in.Include, "routes") {
			if out.Routes, err = view.Beside(ctx, d.api, "listDeviceRoutes", device); err != nil {
				return infoOutput{}, err
			}
		}
		if slices.Contains(in.Include, "attributes") {
			out.Attributes, err = view.Beside(ctx, d.api, "getDevicePostureAttributes", device)
		}
		return out, err
	})
}
