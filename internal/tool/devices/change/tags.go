// SPDX-License-Identifier: MIT

package change

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
)

type tagsInput struct {
	changeInput
	Tags []string `json:"tags" jsonschema:"all tags that the device shall have, such as tag:web or web"`
}

// setTags is the tool that replaces the tags of a device
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/tags).
func (c *changes) setTags() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_device_tags", Title: "Replace a device's tags", Group: Group, Target: "device", Devices: true, Class: grant.Escalating, Idempotent: true,
		Operations: []string{"listTailnetDevices", "getDevice", "setDeviceTags"},
		Example:    json.RawMessage(`{"device":"web-1","tags":["web"]}`),
		Description: "Replaces all tags of one device; those not named are lost. Tags own the device, so access rules that name them apply at once. " +
			"They must exist in the policy file. Answers with the tags before and after. Needs confirm. Three or four calls to the Tailscale API.",
	}, func(ctx context.Context, call tool.Call, in tagsInput) (changeOutput, error) {
		if slices.ContainsFunc(in.Tags, func(tag string) bool { return strings.TrimSpace(tag) == "" }) {
			// A filter takes that for nothing given; here it would take tags away.
			return changeOutput{}, tool.Invalidf("give tags such as tag:web, or an empty list to take all away", "a tag is blank")
		}
		f := lookup.Filter{Tags: in.Tags}
		if err := f.Clean(); err != nil {
			return changeOutput{}, err
		}
		tags := append([]string{}, f.Tags...)
		device, err := lookup.Resolve(ctx, lookup.For(call, c.api), in.Device, false)
		if err != nil {
			return changeOutput{}, err
		}
		effect := fmt.Sprintf("replaces the tags %q of the device %s by %q", device.Tags, lookup.Printable(lookup.Called(device)), tags)
		switch {
		case len(tags) == 0:
			effect += "; who owns it without tags is not documented"
		case len(device.Tags) == 0:
			effect += "; they own it from then on, and no longer " + lookup.Printable(cmp.Or(device.User, "its user"))
		}
		return c.change(ctx, call, in.changeInput, device, "setDeviceTags", map[string][]string{"tags": tags}, effect+c.cutOff(ctx, call, device), "tags")
	})
}
