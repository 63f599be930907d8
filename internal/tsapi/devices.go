// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi/object"
)

// DeviceQuery says which devices are listed, and how much of each.
type DeviceQuery struct {
	// AllFields asks for routes, connectivity, posture identity and the like
	// too, which makes the answer about twice as large.
	AllFields bool
	// Filters are exact matches on simple fields and lists of the device object,
	// all of which must hold: {"tags": {"tag:a", "tag:b"}} lists the devices
	// that have both tags. The API does not filter on objects.
	Filters url.Values
}

// ListDevices returns the devices of the tailnet, those that others share with it
// included, in the API's order.
//
// The slice is the caller's; the lists inside its elements are shared with other
// callers and must not be modified.
//
// https://tailscale.com/api#tag/devices/GET/tailnet/{tailnet}/devices
func (a *API) ListDevices(ctx context.Context, q DeviceQuery) ([]Device, error) {
	query := url.Values{}
	for name, values := range q.Filters {
		if name == "" || name == "fields" {
			return nil, &Error{
				Code:    failure.InvalidArgument,
				Op:      "listTailnetDevices",
				Message: fmt.Sprintf("%q is not a field of a device that can be filtered by", name),
				Next:    "filter by a field of the device object, such as os, user or tags",
			}
		}
		query[name] = values
	}
	if q.AllFields {
		query.Set("fields", "all")
	}
	devices, err := do(ctx, a, Request{Op: "listTailnetDevices", Query: query}, func(r *reply) ([]Device, error) {
		return parseDevices(r.body)
	})
	return slices.Clone(devices), err
}

// GetDevice returns one device, by its node ID (preferred) or its numeric ID.
//
// https://tailscale.com/api#tag/devices/GET/device/{deviceId}
func (a *API) GetDevice(ctx context.Context, id string, allFields bool) (Device, error) {
	r := Request{Op: "getDevice", Params: []string{id}}
	if allFields {
		r.Query = url.Values{"fields": {"all"}}
	}
	return do(ctx, a, r, func(r *reply) (Device, error) {
		o, err := object.Parse(r.body)
		if err != nil {
			return Device{}, err
		}
		return newDevice(o)
	})
}

// SetDeviceName renames a device: name is a base name or a fully qualified one;
// the empty string goes back to the name of its operating system. The MagicDNS
// name follows at once, and the old one stops working.
//
// https://tailscale.com/api#tag/devices/POST/device/{deviceId}/name
func (a *API) SetDeviceName(ctx context.Context, id, name string) error {
	return a.Do(ctx, Request{Op: "setDeviceName", Params: []string{id}, Body: map[string]string{"name": name}})
}

// parseDevices reads {"devices": [...]}. One device that cannot be read spoils
// the list: a list without it would say that it does not exist.
func parseDevices(body []byte) ([]Device, error) {
	answer, err := object.Parse(body)
	if err != nil {
		return nil, err
	}
	list, ok := answer.Member("devices")
	switch {
	case !ok:
		return nil, errors.New("the field devices is missing")
	case list == "null":
		return nil, nil
	case list[0] != '[':
		return nil, fmt.Errorf("the field devices is %s, not an array", object.TypeName(list))
	}
	// A device is a kilobyte or so; too small a guess only costs copying.
	devices := make([]Device, 0, len(list)/1024+1)
	for element := range object.Elements(list) {
		if element[0] != '{' {
			return nil, fmt.Errorf("device %d is %s, not an object", len(devices), object.TypeName(element))
		}
		d, err := newDevice(object.Of(element))
		if err != nil {
			return nil, fmt.Errorf("device %d: %w", len(devices), err)
		}
		devices = append(devices, d)
	}
	return devices, nil
}
