// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
	"tailscale-mcp/internal/tsapi"
)

// listResource is the resource with the list of all devices.
func (d *devices) listResource() tool.Resource {
	return tool.DeviceResource(tool.Resource{
		URI:         "tailscale://devices",
		Name:        "devices",
		Title:       "Devices",
		Description: "The devices of the tailnet, with the fields of list_all_devices, up to 96 KiB of them.",
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
		list, err := listing(ctx, lookup.For(call, d.api), lookup.Filter{Tags: []string{tag}})
		if known := (*tsapi.Error)(nil); errors.As(err, &known) && known.Code == failure.NotFound && known.Status == 0 {
			// Who may read of one tag is not told which others there are.
			err = &tool.Error{Code: failure.NotFound, Message: fmt.Sprintf("no device has the tag %q", tool.Clip(tag)), Next: "find the tags of devices with list_all_devices"}
		}
		return list, err
	}, func(ctx context.Context, call tool.Call, prefix string) ([]string, error) {
		return lookup.CompleteTag(ctx, lookup.For(call, d.api), prefix)
	})
}

// resourceList is what the resources with lists show.
type resourceList struct {
	Devices  []json.RawMessage `json:"devices"`
	Domain   string            `json:"domain,omitempty"`
	Total    int               `json:"total"`
	Returned int               `json:"returned"`
	// Note says what is left out, and where it is.
	Note string `json:"note,omitempty"`
}

// mostBytes bounds the devices of such a resource, as an answer of the tool is bounded:
// who attaches one gives all of it to a model.
const mostBytes = tool.LargestAnswer - 1024

// listing returns the devices that f means, as the resources show them: as many as are
// within the bound, in the order of the API.
func listing(ctx context.Context, api lookup.API, f lookup.Filter) (resourceList, error) {
	found, err := lookup.Find(ctx, api, f, false)
	if err != nil {
		return resourceList{}, err
	}
	out := resourceList{Devices: []json.RawMessage{}, Total: len(found.Devices)}
	domain, shown := shownInList(found.Devices, found.Devices, view.Usual(f.State), true)
	out.Domain = domain
	size := 0
	for _, device := range shown {
		text, err := json.Marshal(device)
		if err != nil {
			return resourceList{}, err
		}
		if size += len(text) + 1; size > mostBytes {
			break
		}
		out.Devices = append(out.Devices, text)
	}
	if out.Returned = len(out.Devices); out.Returned < out.Total {
		out.Note = fmt.Sprintf("%d more devices are left out: list_all_devices shows them, by filters and in pages", out.Total-out.Returned)
	}
	return out, nil
}
