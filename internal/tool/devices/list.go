// SPDX-License-Identifier: MIT

package devices

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/change"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tool/devices/view"
)

type listInput struct {
	lookup.Filter
	Fields []string `json:"fields,omitempty" jsonschema:"fields to show instead of the usual ones: names of the API's device object such as clientVersion, expires, enabledRoutes or clientConnectivity; or all"`
	tool.Paging
}

type listOutput struct {
	Devices []tool.Object `json:"devices" jsonschema:"the devices, in the order of their IDs"`
	tool.Listed
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
		Description: "Lists the devices of the tailnet, machines shared into it included: name, node ID, addresses, operating system, owner (user, or tags which then " +
			"are the owner), online, and lastSeen (absent while a device is online). Use it to find a device or to answer questions about many; use get_device_info for " +
			"everything about one, and list_peers for what this server's own node sees. Filter rather than read everything: name, os, user, tags, online. " +
			"Long lists come in pages: call again with cursor set to nextCursor. One call to the Tailscale API, a second one when os, user and tags fit nothing as they are written.",
		Narrow: "filter by name, os, user, tags or online, ask for fewer fields, or set a smaller limit",
	}, func(ctx context.Context, call tool.Call, in listInput) (listOutput, error) {
		fields := view.Distinct(in.Fields)
		found, err := lookup.Find(ctx, lookup.For(call, d.api), in.Filter, view.BeyondUsual(fields))
		if err != nil {
			return listOutput{}, err
		}
		if err := view.Check(found, fields); err != nil {
			return listOutput{}, err
		}
		// What is shown of a device is not part of which devices are listed.
		page, rest, err := tool.Page(call, in.Paging, []any{name, in.Filter}, found, lookup.Key)
		if err != nil {
			return listOutput{}, err
		}
		out := listOutput{Devices: make([]tool.Object, len(page)), Listed: rest}
		for i, device := range page {
			out.Devices[i] = view.Project(device, fields, view.InList)
		}
		return out, nil
	})
}
