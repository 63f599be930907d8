// SPDX-License-Identifier: MIT

package lookup

import (
	"context"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// longestName bounds what can name a device, in bytes: hostnames (POSIX) and
// DNS names (RFC 1035 §2.3.4) are not longer.
const longestName = 255

// Resolve returns the one device that name means, with the fields that the API
// sends unasked or with all. An error names those that may have been meant.
//
// A name becomes part of a request's address only when it has the form of an ID;
// every other is compared with those of the devices there are.
func Resolve(ctx context.Context, api API, name string, allFields bool) (tsapi.Device, error) {
	return resolve(ctx, api, name, allFields, true)
}

// ResolveAlone is [Resolve] for resources: who may read one device is not told which
// others may have been meant, as those may be none that it may read.
func ResolveAlone(ctx context.Context, api API, name string, allFields bool) (tsapi.Device, error) {
	return resolve(ctx, api, name, allFields, false)
}

func resolve(ctx context.Context, api API, name string, allFields, suggest bool) (tsapi.Device, error) {
	name = strings.TrimSpace(name)
	if err := nameable(name); err != nil {
		return tsapi.Device{}, err
	}
	if hasFormOfID(name) {
		device, err := api.GetDevice(ctx, name, allFields)
		switch code := failure.CodeOf(err); {
		case err == nil && (device.NodeID == name || device.ID == name):
			return device, nil
		case err != nil && code != failure.NotFound && code != failure.InvalidArgument:
			return tsapi.Device{}, err
		}
		// A hostname may look like an ID.
	}
	all, err := api.ListDevices(ctx, tsapi.DeviceQuery{})
	if err != nil {
		return tsapi.Device{}, err
	}
	found, err := pick(all, name, suggest)
	if err != nil || !allFields {
		return found, err
	}
	return api.GetDevice(ctx, Key(found), true)
}

// nameable refuses what can be no name of a device.
func nameable(name string) error {
	if strings.Trim(name, ".") == "" || len(name) > longestName {
		return tool.Invalidf("name a device by node ID, address, hostname or MagicDNS name", "%q names no device", tool.Clip(name))
	}
	return nil
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
