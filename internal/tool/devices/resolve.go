// SPDX-License-Identifier: MIT

package devices

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// longestName bounds what can name a device, in bytes: hostnames (POSIX) and
// DNS names (RFC 1035 §2.3.4) are not longer.
const longestName = 255

// Resolve returns the one device of the tailnet that name means, with the fields
// that the API sends unasked or with all: for tools of other groups.
func Resolve(ctx context.Context, api API, name string, allFields bool) (tsapi.Device, error) {
	return (&devices{api: api}).resolve(ctx, name, allFields)
}

// Key is the ID that a request names the device by: for tools of other groups.
func Key(d tsapi.Device) string { return key(d) }

// Called is what a person calls the device, and confirms: for tools of other groups.
func Called(d tsapi.Device) string { return called(d) }

// resolve returns the one device that name means, with the fields that the API
// sends unasked or with all.
//
// A name becomes part of a request's address only when it has the form of an ID;
// every other is compared with those of the devices there are.
func (d *devices) resolve(ctx context.Context, name string, allFields bool) (tsapi.Device, error) {
	return d.lookUp(ctx, name, allFields, true)
}

// resolveAlone is resolve for resources: who may read one device is not told which
// others may have been meant, as those may be none that it may read.
func (d *devices) resolveAlone(ctx context.Context, name string, allFields bool) (tsapi.Device, error) {
	return d.lookUp(ctx, name, allFields, false)
}

func (d *devices) lookUp(ctx context.Context, name string, allFields, suggest bool) (tsapi.Device, error) {
	name = strings.TrimSpace(name)
	if strings.Trim(name, ".") == "" || len(name) > longestName {
		return tsapi.Device{}, tool.Invalidf("name a device by node ID, address, hostname or MagicDNS name", "%q names no device", tool.Clip(name))
	}
	if hasFormOfID(name) {
		device, err := d.api.GetDevice(ctx, name, allFields)
		switch code := failure.CodeOf(err); {
		case err == nil && (device.NodeID == name || device.ID == name):
			return device, nil
		case err != nil && code != failure.NotFound && code != failure.InvalidArgument:
			return tsapi.Device{}, err
		}
		// A hostname may look like an ID.
	}
	all, err := d.api.ListDevices(ctx, tsapi.DeviceQuery{})
	if err != nil {
		return tsapi.Device{}, err
	}
	found, err := pick(all, name, suggest)
	if err != nil || !allFields {
		return found, err
	}
	return d.api.GetDevice(ctx, key(found), true)
}

// hasFormOfID reports whether name looks like a node ID (n292kg92CNTRL) or a
// legacy one (92960230385).
func hasFormOfID(name string) bool {
	const longest = 64
	if len(name) > longest {
		return false
	}
	isDigit := func(r rune) bool { return '0' <= r && r <= '9' }
	isOther := func(r rune) bool { return !isDigit(r) && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }
	if strings.HasPrefix(name, "n") && strings.HasSuffix(name, "CNTRL") {
		return !strings.ContainsFunc(name, isOther)
	}
	return !strings.ContainsFunc(name, func(r rune) bool { return !isDigit(r) })
}

// pick finds the one of all that name means. The kinds of name are tried from
// the exact to the loose, and the first that fits anything decides: an ID is
// never taken for somebody's hostname, and a short name is this tailnet's
// before it is that of a machine shared with it, as in MagicDNS. suggest has the error
// name those that may have been meant.
func pick(all []tsapi.Device, name string, suggest bool) (tsapi.Device, error) {
	plain := strings.TrimSuffix(name, ".")
	addr, err := netip.ParseAddr(name)
	addr = addr.Unmap()
	for _, fits := range []func(tsapi.Device) bool{
		func(v tsapi.Device) bool { return v.NodeID == name || v.ID == name },
		func(v tsapi.Device) bool { return err == nil && hasAddress(v, addr) },
		func(v tsapi.Device) bool { return strings.EqualFold(v.Name, plain) },
		func(v tsapi.Device) bool { return !v.IsExternal && strings.EqualFold(short(v.Name), plain) },
		func(v tsapi.Device) bool {
			return strings.EqualFold(short(v.Name), plain) || strings.EqualFold(v.Hostname, plain)
		},
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
	if near := nearest(all, short(plain)); suggest && err != nil && len(near) > 0 { // no address
		e.Next = "use one of these IDs if it is meant: " + strings.Join(near, ", ") + "; otherwise " + e.Next
	}
	return tsapi.Device{}, e
}

// nearest are the devices, a few at most, that have part in a name.
func nearest(all []tsapi.Device, part string) (near []string) {
	const most = 5
	if part == "" {
		return nil // all of them have
	}
	part = strings.ToLower(part)
	for _, device := range all {
		if strings.Contains(strings.ToLower(short(device.Name)), part) || strings.Contains(strings.ToLower(device.Hostname), part) {
			near = append(near, entitled(device))
		}
	}
	slices.Sort(near)
	return near[:min(most, len(near))]
}

// entitled is a device by its ID, and what it is called.
func entitled(d tsapi.Device) string {
	return key(d) + " (" + printable(cmp.Or(d.Name, d.Hostname)) + ")"
}

func hasAddress(d tsapi.Device, addr netip.Addr) bool {
	return slices.ContainsFunc(d.Addresses, func(text string) bool {
		has, err := netip.ParseAddr(text)
		return err == nil && has.Unmap() == addr
	})
}

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

// short is the first label of a MagicDNS name.
func short(name string) string {
	label, _, _ := strings.Cut(name, ".")
	return label
}

// printable is s as a message can hold it outside of quotes: what a terminal
// might act on is escaped.
func printable(s string) string {
	quoted := strconv.Quote(tool.Clip(s))
	return quoted[1 : len(quoted)-1]
}
