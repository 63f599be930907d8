// SPDX-License-Identifier: MIT

package change

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/tags"
	"tailscale-mcp/internal/tsapi"
)

type tagsInput struct {
	batchInput
	Tags []string `json:"tags" jsonschema:"all of each, such as tag:web"`
}

// setTags is the tool that replaces the tags of devices
// (https://tailscale.com/api#tag/devices/POST/device/{deviceId}/tags).
func (c *changes) setTags() tool.Tool {
	return tool.New(tool.Definition{
		Name: "set_device_tags", Title: "Replace the tags of devices", Group: Group, Target: "devices", Devices: true, Class: grant.Escalating, Idempotent: true,
		Former: formerDevice, Timeout: batchTimeout, Weight: batchWeight,
		Operations:  []string{"listTailnetDevices", "getDevice", "setDeviceTags"},
		Optional:    []string{"getPolicyFile"},
		Example:     json.RawMessage(`{"devices":["web-1"],"tags":["web","prod"]}`),
		Description: "Replaces all tags of devices. Tags own a device in its user's place. tagOwners of the policy file defines them.",
	}, func(ctx context.Context, call tool.Call, in tagsInput) (batchOutput, error) {
		wanted, err := tags.NormalAll(in.Tags)
		if err != nil {
			return batchOutput{}, err
		}
		found, err := c.find(ctx, call, in.batchInput)
		if err != nil {
			return batchOutput{}, err
		}
		if err := tags.Assignable(ctx, c.api, wanted); err != nil {
			if e := (*tool.Error)(nil); call.Narrowed() && errors.As(err, &e) {
				// Who may touch some devices is not told how others are tagged.
				err = &tool.Error{Code: e.Code, Message: e.Message, Next: "ask an administrator of the tailnet which tags there are"}
			}
			return batchOutput{}, err
		}
		wanted = append([]string{}, wanted...) // which the API wants even when there are none
		return c.run(ctx, call, in.batchInput, found, batch{
			op: "setDeviceTags", body: map[string][]string{"tags": wanted}, fields: []string{"tags"}, cuts: true,
			already: func(d tsapi.Device) bool { return slices.Equal(slices.Sorted(slices.Values(d.Tags)), wanted) },
			effect:  func(these string) string { return fmt.Sprintf("replaces the tags of %s by %q", these, wanted) },
			each:    func(d tsapi.Device) string { return loses(d, wanted) },
		})
	})
}

// loses says what a device loses by other tags.
func loses(d tsapi.Device, wanted []string) string {
	lost := without(d.Tags, wanted)
	switch {
	case len(wanted) == 0 && len(lost) > 0:
		return fmt.Sprintf("loses %q; who owns it without tags is not documented", lost)
	case len(d.Tags) == 0:
		return "is no longer owned by " + lookup.Printable(cmp.Or(d.User, "its user"))
	case len(lost) > 0:
		return fmt.Sprintf("loses %q", lost)
	}
	return "keeps the tags that it has"
}
