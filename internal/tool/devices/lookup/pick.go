// SPDX-License-Identifier: MIT

package lookup

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// pick finds the one of all that name means. The kinds of name are tried from
// the exact to the loose, and the first that fits anything decides: an ID is
// never taken for somebody's hostname, and a short name is this tailnet's
// before it is that of a machine shared with it, as in MagicDNS. Machine name and
// hostname are one kind: whoever says either is not taken at the one word for the other.
// suggest has the error name those that may have been meant.
func pick(all []tsapi.Device, name string, suggest bool) (tsapi.Device, error) {
	plain := strings.TrimSuffix(name, ".")
	addr, err := netip.ParseAddr(name)
	addr = addr.Unmap()
	for _, fits := range []func(tsapi.Device) bool{
		func(v tsapi.Device) bool { return v.NodeID == name || v.ID == name },
		func(v tsapi.Device) bool { return err == nil && hasAddress(v, addr) },
		func(v tsapi.Device) bool { return strings.EqualFold(v.Name, plain) },
		func(v tsapi.Device) bool { return !v.IsExternal && isCalled(v, plain) },
		func(v tsapi.Device) bool { return isCalled(v, plain) },
	} {
		var found []tsapi.Device
		for _, device := range all {
			if fits(device) {
				found = append(found, device)
			}
		}
		switch len(found) {
		case 0:
		case 1:
			return found[0], nil
		default:
			return tsapi.Device{}, ambiguous(name, found)
		}
	}
	e := &tsapi.Error{
		Code:    failure.NotFound,
		Message: fmt.Sprintf("no device of the tailnet is called %q", tool.Clip(name)),
		Next:    "find its name with list_all_devices",
	}
	if near := nearest(all, Short(plain)); suggest && err != nil && len(near) > 0 { // no address
		e.Next = "use one of these IDs if it is meant: " + strings.Join(near, ", ") + "; otherwise " + e.Next
	}
	return tsapi.Device{}, e
}

// isCalled reports whether a name is the device's machine name or its hostname.
func isCalled(d tsapi.Device, name string) bool {
	return strings.EqualFold(Short(d.Name), name) || strings.EqualFold(d.Hostname, name)
}

// nearest returns the devices, a few at most, that have part in a name.
func nearest(all []tsapi.Device, part string) (near []string) {
	const most = 5
	if part == "" {
		return nil // all of them have
	}
	part = strings.ToLower(part)
	for _, device := range all {
		if strings.Contains(strings.ToLower(Short(device.Name)), part) || strings.Contains(strings.ToLower(device.Hostname), part) {
			near = append(near, entitled(device))
		}
	}
	slices.Sort(near)
	return near[:min(most, len(near))]
}

// entitled names a device by its ID, and what it is called.
func entitled(d tsapi.Device) string {
	name := Printable(cmp.Or(d.Name, d.Hostname))
	if d.Hostname != "" && !strings.EqualFold(Short(d.Name), d.Hostname) && d.Name != "" {
		name += ", hostname " + Printable(d.Hostname)
	}
	return Key(d) + " (" + name + ")"
}

// hasAddress reports whether a device has an address, however that is written.
func hasAddress(d tsapi.Device, addr netip.Addr) bool {
	return slices.ContainsFunc(d.Addresses, func(text string) bool {
		has, err := netip.ParseAddr(text)
		return err == nil && has.Unmap() == addr
	})
}

// ambiguous returns the error for a name that several devices have.
func ambiguous(name string, found []tsapi.Device) error {
	const most = 10
	var names []string
	for _, device := range found[:min(most, len(found))] {
		names = append(names, entitled(device))
	}
	if len(found) > most {
		names = append(names, fmt.Sprintf("and %d more", len(found)-most))
	}
	return tool.Invalidf("use one of these IDs: "+strings.Join(names, ", "), "%d devices are called %q", len(found), tool.Clip(name))
}
