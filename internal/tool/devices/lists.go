// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"tailscale-mcp/internal/tool"
)

// listResource is the list of all devices.
func (d *devices) listResource() tool.Resource {
	return tool.Resource{
		URI:         "tailscale://devices",
		Name:        "devices",
		Title:       "Devices",
		Description: "All devices of the tailnet, with the fields of list_all_devices.",
		MIMEType:    "application/json",
		Narrow:      "use list_all_devices, which has pages and filters",
		Read:        func(ctx context.Context, _ string) (string, error) { return d.listText(ctx, filter{}) },
	}
}

// tagResource is the list of the devices with one tag.
func (d *devices) tagResource() tool.Resource {
	return tool.Resource{
		URI:         "tailscale://tag/{tag}",
		Name:        "tag",
		Title:       "Devices with a tag",
		Description: "The devices of the tailnet that have one tag, such as tag:web, with the fields of list_all_devices.",
		MIMEType:    "application/json",
		Narrow:      "use list_all_devices with tags, which has pages and more filters",
		Read: func(ctx context.Context, tag string) (string, error) {
			if strings.TrimSpace(tag) == "" {
				// It would be no filter, and so all of the devices.
				return "", tool.Invalidf("name a tag, such as tailscale://tag/tag:web", "no tag is named")
			}
			return d.listText(ctx, filter{Tags: []string{tag}})
		},
		Complete: d.completeTag,
	}
}

// listText is what the resources say of the devices that f means.
func (d *devices) listText(ctx context.Context, f filter) (string, error) {
	found, err := d.find(ctx, f, false)
	if err != nil {
		return "", err
	}
	out := listOutput{Devices: make([]tool.Object, len(found)), Listed: tool.Listed{Total: len(found), Returned: len(found)}}
	for i, device := range found {
		out.Devices[i] = project(device, nil, listed)
	}
	text, err := json.Marshal(out)
	return string(text), err
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
