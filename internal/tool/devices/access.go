// SPDX-License-Identifier: MIT

package devices

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

type authorizeInput struct {
	changeInput
	Approved *bool `json:"approved,omitempty" jsonschema:"true lets the device in, false takes the approval back" default:"true"`
}

// https://tailscale.com/api#tag/devices/POST/device/{deviceId}/authorized
func (d *devices) authorize() tool.Tool {
	return tool.New(tool.Definition{
		Name: "authorize_device", Title: "Approve a device", Group: group, Class: grant.Escalating, Idempotent: true,
		Operations: []string{"listTailnetDevices", "getDevice", "authorizeDevice"},
		Description: "Approves one device for the tailnet, or with approved false takes the approval back. It matters only where the tailnet requires device approval. " +
			"Needs confirm. Three or four calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in authorizeInput) (changeOutput, error) {
		device, err := d.resolve(ctx, in.Device, false)
		if err != nil {
			return changeOutput{}, err
		}
		approved := in.Approved == nil || *in.Approved
		// Its name is what the device says of itself; its user is not.
		effect := "lets the device " + printable(called(device)) + " of " + printable(cmp.Or(device.User, "an unknown user")) + " into the tailnet"
		if !approved {
			effect = "takes back the approval of the device " + printable(called(device)) + " and cuts it off" + d.cutOff(ctx, call, device)
		}
		return d.change(ctx, call, in.changeInput, device, "authorizeDevice", map[string]bool{"authorized": approved}, effect, "authorized")
	})
}

type tagsInput struct {
	changeInput
	Tags []string `json:"tags" jsonschema:"all tags that the device shall have, such as tag:web or web"`
}

// https://tailscale.com/api#tag/devices/POST/device/{deviceId}/tags
func (d *devices) setTags() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_device_tags", Title: "Replace a device's tags", Group: group, Class: grant.Escalating, Idempotent: true,
		Operations: []string{"listTailnetDevices", "getDevice", "setDeviceTags"},
		Description: "Replaces all tags of one device; those not named are lost. Tags own the device, so access rules that name them apply at once. " +
			"They must exist in the policy file. Answers with the tags before and after. Needs confirm. Three or four calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in tagsInput) (changeOutput, error) {
		if slices.ContainsFunc(in.Tags, func(tag string) bool { return strings.TrimSpace(tag) == "" }) {
			// A filter takes that for nothing given; here it would take tags away.
			return changeOutput{}, tool.Invalidf("give tags such as tag:web, or an empty list to take all away", "a tag is blank")
		}
		f := filter{Tags: in.Tags}
		if err := f.clean(); err != nil {
			return changeOutput{}, err
		}
		tags := append([]string{}, f.Tags...)
		device, err := d.resolve(ctx, in.Device, false)
		if err != nil {
			return changeOutput{}, err
		}
		effect := fmt.Sprintf("replaces the tags %q of the device %s by %q", device.Tags, printable(called(device)), tags)
		switch {
		case len(tags) == 0:
			effect += "; who owns it without tags is not documented"
		case len(device.Tags) == 0:
			effect += "; they own it from then on, and no longer " + printable(cmp.Or(device.User, "its user"))
		}
		return d.change(ctx, call, in.changeInput, device, "setDeviceTags", map[string][]string{"tags": tags}, effect+d.cutOff(ctx, call, device), "tags")
	})
}

type expiryInput struct {
	changeInput
	Expires bool `json:"expires" jsonschema:"true lets the key expire at its time, false keeps it valid for ever"`
}

// https://tailscale.com/api#tag/devices/POST/device/{deviceId}/key
func (d *devices) setKeyExpiry() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_device_key_expiry", Title: "Set whether a device's key expires", Group: group, Class: grant.Escalating, Idempotent: true,
		Operations: []string{"listTailnetDevices", "getDevice", "updateDeviceKey"},
		Description: "Sets whether the key of one device expires. With expires false it stays valid for ever; with true the original time applies again, " +
			"and a device whose time is past is cut off. Needs confirm. Three or four calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in expiryInput) (changeOutput, error) {
		device, err := d.resolve(ctx, in.Device, false)
		if err != nil {
			return changeOutput{}, err
		}
		effect := "keeps the key of the device " + printable(called(device)) + " valid for ever"
		if in.Expires {
			effect = "lets the key of the device " + printable(called(device)) + " expire " + expiry(device.Expires) + d.cutOff(ctx, call, device)
		}
		return d.change(ctx, call, in.changeInput, device, "updateDeviceKey", map[string]bool{"keyExpiryDisabled": !in.Expires}, effect, "keyExpiryDisabled", "expires")
	})
}

// expiry says when a key expires, and when that is past what follows at once.
func expiry(expires string) string {
	at, err := time.Parse(time.RFC3339, expires)
	switch {
	case err != nil:
		return "at a time that is not known: when it is past, the device is cut off at once"
	case at.Before(time.Now()):
		return "at " + expires + ", which is past: the device is cut off at once, until somebody authenticates on it again"
	}
	return "at " + expires
}

type ipInput struct {
	changeInput
	IPv4 string `json:"ipv4" jsonschema:"the new Tailscale IPv4 address, such as 100.80.0.1"`
}

// https://tailscale.com/api#tag/devices/POST/device/{deviceId}/ip
func (d *devices) setIP() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_device_ip", Title: "Change a device's address", Group: group, Class: grant.Destructive, Idempotent: true,
		Operations: []string{"listTailnetDevices", "getDevice", "setDeviceIp"},
		Description: "Gives one device another Tailscale IPv4 address, in 100.64.0.0/10. Every connection to it breaks, and DNS caches may hold the old address. " +
			"Answers with the addresses before and after. Needs confirm. Three or four calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in ipInput) (changeOutput, error) {
		addr, err := netip.ParseAddr(strings.TrimSpace(in.IPv4))
		if err != nil || !netip.MustParsePrefix("100.64.0.0/10").Contains(addr) {
			return changeOutput{}, tool.Invalidf("give an address such as 100.80.0.1", "%q is no IPv4 address in 100.64.0.0/10", tool.Clip(in.IPv4))
		}
		device, err := d.resolve(ctx, in.Device, false)
		if err != nil {
			return changeOutput{}, err
		}
		effect := fmt.Sprintf("replaces the addresses %q of the device %s by %s and breaks every connection to it", device.Addresses, printable(called(device)), addr)
		return d.change(ctx, call, in.changeInput, device, "setDeviceIp", map[string]string{"ipv4": addr.String()}, effect+d.cutOff(ctx, call, device), "addresses")
	})
}

// prefixes checks routes before anything is asked.
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
