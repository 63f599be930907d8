// SPDX-License-Identifier: MIT

package lookup

import (
	"context"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// narrowed is the API for a caller whose grants are for some devices: any other is
// not there, in no list and by no name. All that resolves or lists a device asks it,
// so a device beyond the grants is answered as one that does not exist.
type narrowed struct {
	API
	call tool.Call
}

// For returns the API as the call may see it.
func For(call tool.Call, api API) API {
	if !call.Narrowed() {
		return api
	}
	return narrowed{api, call}
}

// ListDevices implements [API]; it leaves out what the call may not touch.
func (n narrowed) ListDevices(ctx context.Context, q tsapi.DeviceQuery) ([]tsapi.Device, error) {
	all, err := n.API.ListDevices(ctx, q)
	if err != nil {
		return nil, err
	}
	var covered []tsapi.Device // a new list: the other may be shared
	for _, device := range all {
		ok, err := n.covers(device)
		if err != nil {
			return nil, err
		}
		if ok {
			covered = append(covered, device)
		}
	}
	return covered, nil
}

// GetDevice implements [API]; it answers about what the call may not touch as about nothing.
func (n narrowed) GetDevice(ctx context.Context, id string, allFields bool) (tsapi.Device, error) {
	device, err := n.API.GetDevice(ctx, id, allFields)
	if err != nil {
		return tsapi.Device{}, err
	}
	ok, err := n.covers(device)
	if err == nil && !ok {
		err = &tsapi.Error{Code: failure.NotFound, Message: "no such device", Next: "find its name with list_all_devices"}
	}
	if err != nil {
		return tsapi.Device{}, err
	}
	return device, nil
}

// covers reports whether the grants of the call are for the device.
func (n narrowed) covers(d tsapi.Device) (bool, error) {
	return n.call.Covers(granted(d))
}

// Count counts a change of these devices by the rates of the call's grants, as a call for
// each: one call with many names is no more than as many with one.
func Count(call tool.Call, devices []tsapi.Device) error {
	all := make([]grant.Device, len(devices))
	for i, d := range devices {
		all[i] = granted(d)
	}
	return call.CountEach(all...)
}

// granted is a device as grants know it.
func granted(d tsapi.Device) grant.Device {
	return grant.Device{NodeID: d.NodeID, Name: d.Name, User: d.User, Tags: d.Tags, Foreign: d.IsExternal}
}
