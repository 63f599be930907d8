// SPDX-License-Identifier: MIT

package change

import (
	"context"
	"encoding/json"
	"errors"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
	"tailscale-mcp/internal/tsapi"
)

type renameInput struct {
	Device string `json:"device" jsonschema:"name, address or node ID"`
	Name   string `json:"name" jsonschema:"without the domain, such as build-runner"`
}

// rename is the tool that gives a device another name
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/name). It is not
// idempotent: said again, a name may mean another device, since the one that had it is
// called something else by then.
func (c *changes) rename() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "set_device_name",
		Title:       "Rename a device",
		Group:       Group,
		Target:      "device",
		Operations:  []string{"listTailnetDevices", "getDevice", "setDeviceName"},
		Devices:     true,
		Class:       grant.Write,
		Example:     json.RawMessage(`{"device":"web-1","name":"front"}`),
		Description: "Gives a device another machine name. The old one stops working at once; one that is taken gets a number.",
	}, func(ctx context.Context, call tool.Call, in renameInput) (changeOutput, error) {
		name, domain, err := splitName(in.Name)
		if err != nil {
			return changeOutput{}, err
		}
		device, err := lookup.Resolve(ctx, lookup.For(call, c.api), in.Device, false)
		if err != nil {
			return changeOutput{}, err
		}
		if _, own, _ := strings.Cut(device.Name, "."); domain != "" && !strings.EqualFold(domain, own) {
			return changeOutput{}, tool.Invalidf("give the name without a domain", "the device is in the domain %q and stays there", tool.Clip(own))
		}
		return c.setName(ctx, device, name)
	})
}

// renamed are the fields that a renaming concerns.
var renamed = []string{"name"}

// setName gives the device the name and reads what came of it.
func (c *changes) setName(ctx context.Context, device tsapi.Device, name string) (changeOutput, error) {
	out := changeOutput{NodeID: lookup.Key(device), Previous: view.Project(device, renamed, nil)}
	err := c.api.SetDeviceName(ctx, lookup.Key(device), name)
	var failed *tsapi.Error
	if err != nil && (!errors.As(err, &failed) || !failed.OutcomeUnknown) {
		return changeOutput{}, err
	}
	// Nothing is sent a second time; reading shows what the answer did not.
	now, unread := c.api.GetDevice(ctx, lookup.Key(device), false)
	switch {
	case err == nil && unread == nil:
		out.Now = view.Project(now, renamed, nil)
	case err == nil:
		out.Note = "the device was renamed; do not repeat the call. Its new MagicDNS name could not be read"
		if errors.As(unread, &failed) {
			out.Note += ": " + failed.Message
		}
	case unread != nil:
		return changeOutput{}, err
	case now.Name != device.Name || strings.EqualFold(lookup.Short(now.Name), name):
		out.Now = view.Project(now, renamed, nil)
		out.Note = "the Tailscale API did not confirm the change, but this is the name that the device has now"
	default:
		return changeOutput{}, &tool.Error{
			Code:    failed.Code,
			Message: failed.Message + "; right afterwards the device was still called " + lookup.Printable(device.Name),
			Next:    failed.Next,
		}
	}
	return out, nil
}

// splitName checks that given is a machine name, or one with its domain, and
// parts the two. The API would take an empty name for the wish to go back to the
// hostname, and what it makes of a malformed one is not documented.
func splitName(given string) (name, domain string, err error) {
	name, domain, _ = strings.Cut(strings.TrimSuffix(strings.TrimSpace(given), "."), ".")
	if !isLabel(name) {
		return "", "", tool.Invalidf("give a name of 1 to 63 letters, digits and hyphens, with a letter or digit at both ends, such as build-runner",
			"%q is no machine name", tool.Clip(given))
	}
	return name, domain, nil
}

// isLabel reports whether s is one label of a host's name (RFC 1123 §2.1).
func isLabel(s string) bool {
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}
