// SPDX-License-Identifier: MIT

// Package lookup finds the devices that a caller means: one by any of its names, or
// those that a filter fits, within the devices that the caller's grants are for. It
// imports tool, grant, failure and tsapi; errors of the API pass through with their codes.
package lookup

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// API is where devices are looked up; *tsapi.API is one.
type API interface {
	ListDevices(ctx context.Context, q tsapi.DeviceQuery) ([]tsapi.Device, error)
	GetDevice(ctx context.Context, id string, allFields bool) (tsapi.Device, error)
}

// Key returns the ID that a request names the device by, and that lists are ordered by: it
// lasts and is unique.
func Key(d tsapi.Device) string {
	if d.NodeID != "" {
		return d.NodeID
	}
	return d.ID
}

// Called returns what a person calls the device, and confirms: the shortest name that
// means this device and no other.
func Called(d tsapi.Device) string {
	if d.IsExternal {
		return cmp.Or(d.Name, Key(d))
	}
	return cmp.Or(Short(d.Name), Key(d))
}

// Short returns the first label of a MagicDNS name.
func Short(name string) string {
	label, _, _ := strings.Cut(name, ".")
	return label
}

// Printable returns s as a message can hold it outside of quotes: what a terminal
// might act on is escaped.
func Printable(s string) string {
	quoted := strconv.Quote(tool.Clip(s))
	return quoted[1 : len(quoted)-1]
}
