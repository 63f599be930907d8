// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/change"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
	"tailscale-mcp/internal/tsapi"
)

type listInput struct {
	lookup.Filter
	Summary bool     `json:"summary,omitempty" jsonschema:"counts, no list"`
	Fields  []string `json:"fields,omitempty" jsonschema:"instead of those that fit the filters"`
	tool.Paging
}

type listOutput struct {
	Devices []tool.Object `json:"devices,omitzero" jsonschema:"the devices, in the order of their IDs"`
	Domain  string        `json:"domain,omitempty" jsonschema:"what follows a name without a dot"`
	Summary *view.Summary `json:"summary,omitempty" jsonschema:"the counts, where they are asked for"`
	tool.Listed
	Of *int `json:"of,omitempty" jsonschema:"how many devices a filter by state chose from, or there are in all where the other filters fit none"`
}

// list is the tool that lists devices, in pages.
func (d *devices) list() tool.Tool {
	const name = "list_all_devices"
	return tool.New(tool.Definition{
		Name:       name,
		Title:      "List devices",
		Group:      change.Group,
		Operations: []string{"listTailnetDevices"},
		Devices:    true,
		Class:      grant.Read,
		Example:    json.RawMessage(`{}`),
		Fields:     view.Listed,
		Former:     map[string]string{"user": "owner"},
		Description: "Lists or counts devices of the tailnet: name, address, owner (tags, else user), online or lastSeen. Filters combine. " +
			"list_peers: what this server's node sees.",
		Narrow: "filter by name, os, owner, tags or state, ask for fewer fields, or set a smaller limit",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		fields := view.Distinct(in.Fields)
		shown := fields
		if len(fields) == 0 {
			shown = view.Usual(in.State)
		}
		found, err := lookup.Find(ctx, lookup.For(call, d.api), in.Filter, view.BeyondUsual(shown) || in.Summary || in.UnapprovedRoutes)
		if err != nil {
			return listOutput{}, err
		}
		if err := view.Check(found.Devices, fields); err != nil {
			return listOutput{}, err
		}
		out := listOutput{}
		if in.State.IsSet() || len(found.Devices) == 0 {
			out.Of = &found.Of
		}
		if in.Summary {
			out.Summary, out.Listed = view.Summarize(found.Devices, time.Now()), tool.Listed{Total: len(found.Devices)}
			return out, nil
		}
		// What is shown of a device is not part of which devices are listed.
		page, rest, err := tool.Page(call, in.Paging, []any{name, in.Filter}, found.Devices, lookup.Key)
		if err != nil {
			return listOutput{}, err
		}
		out.Listed = rest
		out.Domain, out.Devices = shownInList(page, found.Devices, shown, len(fields) == 0)
		return out, nil
	})
}

// shownInList returns the devices of a page of all as lists show them, and the domain
// that their names are short for.
func shownInList(page, all []tsapi.Device, fields []string, brief bool) (domain string, shown []tool.Object) {
	names := view.NamesOf(page, all)
	shown = make([]tool.Object, len(page))
	for i, device := range page {
		if brief {
			shown[i] = view.Brief(device, fields)
		} else {
			shown[i] = view.Project(device, fields, nil)
		}
		if names.Shorten(shown[i], device, fields) {
			domain = names.Domain
		}
	}
	return domain, shown
}
