// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
)

type routesInput struct {
	changeInput
	Routes []string `json:"routes" jsonschema:"all to approve, such as 10.0.0.0/16; 0.0.0.0/0 and ::/0 for an exit node"`
}

// setRoutes is the tool that approves routes of a device
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/routes).
func (c *changes) setRoutes() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_device_routes", Title: "Replace a device's approved routes", Group: Group, Target: "device", Devices: true, Class: grant.Escalating, Idempotent: true,
		Operations:  []string{"listTailnetDevices", "getDevice", "listDeviceRoutes", "setDeviceRoutes"},
		Example:     json.RawMessage(`{"device":"web-1","routes":["10.0.0.0/16"]}`),
		Description: "Replaces the approved routes of a device; those not named are disabled. list_all_devices with unapprovedRoutes shows what waits.",
	}, func(ctx context.Context, call tool.Call, in routesInput) (changeOutput, error) {
		routes, err := prefixes(in.Routes)
		if err != nil {
			return changeOutput{}, err
		}
		device, err := lookup.Resolve(ctx, lookup.For(call, c.api), in.Device, false)
		if err != nil {
			return changeOutput{}, err
		}
		id := []string{lookup.Key(device)}
		before, err := c.api.Object(ctx, tsapi.Request{Op: "listDeviceRoutes", Params: id})
		if err != nil {
			return changeOutput{}, err
		}
		var enabled, advertised []string
		for field, into := range map[string]*[]string{"enabledRoutes": &enabled, "advertisedRoutes": &advertised} {
			if text, ok := before.Field(field); ok {
				if err := json.Unmarshal(text, into); err != nil {
					return changeOutput{}, unread("listDeviceRoutes", err)
				}
			}
		}
		effect := replacing(lookup.Called(device), without(routes, enabled), without(enabled, routes)) + idle(without(routes, advertised))
		if err := call.Touching(lookup.Key(device)).Confirm(in.Confirmation, lookup.Called(device), effect); err != nil {
			return changeOutput{}, err
		}
		now, err := c.api.Object(ctx, tsapi.Request{Op: "setDeviceRoutes", Params: id, Body: map[string][]string{"routes": routes}})
		if err != nil {
			return changeOutput{}, err
		}
		out := changeOutput{NodeID: lookup.Key(device), Note: strings.TrimPrefix(idle(without(routes, advertised)), "; ")}
		kind := tool.Kind{}
		if out.Previous, err = kind.One(nil, before); err != nil {
			return changeOutput{}, err
		}
		out.Now, err = kind.One(nil, now)
		return out, err
	})
}

// replacing says the effect of approving some routes of a device and disabling others.
func replacing(device string, approved, disabled []string) string {
	effect := "leaves the approved routes of the device " + lookup.Printable(device) + " as they are"
	switch {
	case len(approved) > 0 && len(disabled) > 0:
		effect = fmt.Sprintf("approves the routes %q of the device %s and disables %q", approved, lookup.Printable(device), disabled)
	case len(approved) > 0:
		effect = fmt.Sprintf("approves the routes %q of the device %s", approved, lookup.Printable(device))
	case len(disabled) > 0:
		effect = fmt.Sprintf("disables the routes %q of the device %s", disabled, lookup.Printable(device))
	}
	if slices.ContainsFunc(approved, func(route string) bool { return strings.HasSuffix(route, "/0") }) {
		effect += "; 0.0.0.0/0 and ::/0 make it an exit node, which others may send all of their traffic through"
	}
	return effect
}

// idle warns of routes that are approved for nothing.
func idle(routes []string) string {
	if len(routes) == 0 {
		return ""
	}
	return fmt.Sprintf("; the device does not advertise %q, so that has no effect until it does", routes)
}

// without returns the routes that are not among the others.
func without(routes, others []string) []string {
	return slices.DeleteFunc(slices.Clone(routes), func(route string) bool { return slices.Contains(others, route) })
}

// prefixes returns the routes in order, each once, or what is wrong with one.
func prefixes(given []string) ([]string, error) {
	routes := []string{}
	for _, text := range given {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return nil, tool.Invalidf("give routes such as 10.0.0.0/16", "%q is no route", tool.Clip(text))
		}
		if p != p.Masked() {
			return nil, tool.Invalidf("give "+p.Masked().String()+" if that network is meant", "%q is an address in a network and no route", tool.Clip(text))
		}
		routes = append(routes, p.String())
	}
	slices.Sort(routes)
	return slices.Compact(routes), nil
}
