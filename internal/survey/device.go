// SPDX-License-Identifier: MIT

package survey

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"

	"tailscale-mcp/internal/policy/tailnet"
	"tailscale-mcp/internal/tsapi"
)

// deviceOf returns the facts of a device. One whose address or route cannot be read
// would be decided wrongly, so it is an error.
func deviceOf(d *tsapi.Device) (tailnet.Device, error) {
	name, _, _ := strings.Cut(d.Name, ".")
	out := tailnet.Device{
		ID: d.NodeID, Name: name, FQDN: strings.TrimSuffix(d.Name, "."), Tags: d.Tags, External: d.IsExternal,
	}
	if len(d.Tags) == 0 {
		out.Login = d.User
	}
	for _, text := range d.Addresses {
		addr, err := netip.ParseAddr(text)
		if err != nil {
			return out, unfit(d, "address", text)
		}
		out.Addrs = append(out.Addrs, addr)
	}
	var err error
	if out.Advertised, err = routesOf(d, "advertisedRoutes"); err != nil {
		return out, err
	}
	out.Approved, err = routesOf(d, "enabledRoutes")
	return out, err
}

func routesOf(d *tsapi.Device, field string) (routes []netip.Prefix, err error) {
	value, ok := d.Field(field)
	if !ok {
		return nil, nil
	}
	var texts []string
	if json.Unmarshal(value, &texts) != nil {
		return nil, unfit(d, field, string(value))
	}
	for _, text := range texts {
		route, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, unfit(d, "route", text)
		}
		routes = append(routes, route.Masked())
	}
	return routes, nil
}

func unfit(d *tsapi.Device, what, text string) error {
	return malformed("listTailnetDevices", fmt.Sprintf("the %s %.60q of the device %.60q cannot be read", what, text, d.Name))
}
