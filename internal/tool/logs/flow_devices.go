// SPDX-License-Identifier: MIT

package logs

import (
	"context"
	"net/netip"
	"slices"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

// directory tells the devices of flow logs by their IDs and addresses: those that the
// caller's grants are for.
type directory struct {
	names     map[string]string     // by node ID
	byAddress map[netip.Addr]string // names again
	narrowed  bool

	id, asked string              // of the device whose traffic is wanted; empty for all
	addresses map[netip.Addr]bool // of that device

	seen map[string][]string // the addresses that were met, by name
	note string
}

// devices returns the devices of the tailnet, and the one of them that is asked for.
// Where the credential may not read devices, flows are shown without names.
func (l *logs) devices(ctx context.Context, call tool.Call, asked string) (*directory, error) {
	d := &directory{
		names: map[string]string{}, byAddress: map[netip.Addr]string{}, narrowed: call.Narrowed(),
		addresses: map[netip.Addr]bool{}, seen: map[string][]string{},
	}
	api := lookup.For(call, l.api)
	if asked != "" {
		device, err := lookup.Resolve(ctx, api, asked, false)
		if err != nil {
			return nil, err
		}
		d.id, d.asked = lookup.Key(device), lookup.Called(device)
		for _, addr := range addressesOf(device) {
			d.addresses[addr] = true
		}
	}
	all, err := api.ListDevices(ctx, tsapi.DeviceQuery{})
	if err != nil {
		if code := failure.CodeOf(err); d.narrowed || code != failure.PermissionDenied && code != failure.MissingScope {
			return nil, err
		}
		d.note = "the names of devices could not be read: the API credential lacks the scope devices:core:read"
	}
	for _, device := range all {
		name := lookup.Called(device)
		d.names[lookup.Key(device)] = name
		for _, addr := range addressesOf(device) {
			d.byAddress[addr] = name
		}
	}
	return d, nil
}

// mayRead reports whether the caller may read what a device has reported.
func (d *directory) mayRead(nodeID string) bool {
	_, known := d.names[nodeID]
	return known || !d.narrowed
}

// name returns what an end of a connection is called: by the device that has the address,
// else by the address.
func (d *directory) name(addr netip.Addr) string {
	name, ok := d.byAddress[addr]
	if !ok {
		return addr.String()
	}
	if text := addr.String(); !slices.Contains(d.seen[name], text) {
		d.seen[name] = append(d.seen[name], text)
	}
	return name
}

// wants reports whether a connection, in a report of a device, is asked for.
func (d *directory) wants(nodeID string, ends ...netip.Addr) bool {
	return d.id == "" || nodeID == d.id || slices.ContainsFunc(ends, func(addr netip.Addr) bool { return d.addresses[addr] })
}

func addressesOf(device tsapi.Device) (all []netip.Addr) {
	for _, text := range device.Addresses {
		if addr, err := netip.ParseAddr(text); err == nil {
			all = append(all, addr.Unmap())
		}
	}
	return all
}
