// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
)

// listResource is the list of all devices.
func (d *devices) listResource() tool.Resource {
	return tool.DeviceResource(tool.Resource{
		URI:         "tailscale://devices",
		Name:        "devices",
		Title:       "Devices",
		Description: "All devices of the tailnet, with the fields of list_all_devices.",
		Narrow:      "use list_all_devices, which has pages and filters",
	}, func(ctx context.Context, call tool.Call, _ string) (any, error) {
		return d.of(call).listing(ctx, filter{})
	}, nil)
}

// tagResource is the list of the devices with one tag.
func (d *devices) tagResource() tool.Resource {
	return tool.DeviceResource(tool.Resource{
		URI:         "tailscale://tag/{+tag}",
		Example:     "tag:web",
		Name:        "tag",
		Title:       "Devices with a tag",
		Description: "The devices of the tailnet that have one tag, such as tag:web, with the fields of list_all_devices.",
		Narrow:      "use list_all_devices with tags, which has pages and more filters",
	}, func(ctx context.Context, call tool.Call, tag string) (any, error) {
		if strings.TrimSpace(tag) == "" {
			// It would be no filter, and so all of the devices.
			return nil, tool.Invalidf("name a tag, such as tailscale://tag/tag:web", "no tag is named")
		}
		return d.of(call).listing(ctx, filter{Tags: []string{tag}})
	}, func(ctx context.Context, call tool.Call, prefix string) ([]string, error) {
		return d.of(call).completeTag(ctx, prefix)
	})
}

// listing returns the devices that f means, as the resources show them.
func (d *devices) listing(ctx context.Context, f filter) (listOutput, error) {
	found, err := d.find(ctx, f, false)
	if err != nil {
		return listOutput{}, err
	}
	out := listOutput{Devices: make([]tool.Object, len(found)), Listed: tool.Listed{Total: len(found), Returned: len(found)}}
	for i, device := range found {
		out.Devices[i] = project(device, nil, listed)
	}
	return out, nil
}

// completeTag offers the tags that devices have, also for a beginning without tag:.
func (d *devices) completeTag(ctx context.Context, prefix string) ([]string, error) {
	found, err := d.find(ctx, filter{}, false)
	if err != nil {
		return nil, err
	}
	prefix = strings.ToLower(prefix)
	var tags []string
	for _, device := range found {
		for _, tag := range device.Tags {
			if strings.HasPrefix(tag, prefix) || strings.HasPrefix(strings.TrimPrefix(tag, "tag:"), prefix) {
				tags = append(tags, tag)
			}
		}
	}
	slices.Sort(tags)
	return slices.Compact(tags), nil
}
