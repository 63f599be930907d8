// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"strings"

	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
)

// listResource is the resource with the list of all devices.
func (d *devices) listResource() tool.Resource {
	return tool.DeviceResource(tool.Resource{
		URI:         "tailscale://devices",
		Name:        "devices",
		Title:       "Devices",
		Description: "All devices of the tailnet, with the fields of list_all_devices.",
		Narrow:      "use list_all_devices, which has pages and filters",
	}, func(ctx context.Context, call tool.Call, _ string) (any, error) {
		return listing(ctx, lookup.For(call, d.api), lookup.Filter{})
	}, nil)
}

// tagResource is the family of resources with the list of the devices with one tag.
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
		return listing(ctx, lookup.For(call, d.api), lookup.Filter{Tags: []string{tag}})
	}, func(ctx context.Context, call tool.Call, prefix string) ([]string, error) {
		return lookup.CompleteTag(ctx, lookup.For(call, d.api), prefix)
	})
}

// listing returns the devices that f means, as the resources show them.
func listing(ctx context.Context, api lookup.API, f lookup.Filter) (listOutput, error) {
	found, err := lookup.Find(ctx, api, f, false)
	if err != nil {
		return listOutput{}, err
	}
	out := listOutput{Devices: make([]tool.Object, len(found)), Listed: tool.Listed{Total: len(found), Returned: len(found)}}
	for i, device := range found {
		out.Devices[i] = view.Project(device, nil, view.InList)
	}
	return out, nil
}
