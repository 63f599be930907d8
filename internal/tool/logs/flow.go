// SPDX-License-Identifier: MIT

package logs

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/period"
)

// flowReach: entries are kept for 30 days (https://tailscale.com/kb/1219), and the
// API has no filter for them.
var flowReach = period.Reach{Back: time.Hour, Most: period.Day, Kept: 30 * period.Day}

type flowInput struct {
	period.Window
	Device string `json:"device,omitempty" jsonschema:"name, address or node ID"`
	Raw    bool   `json:"raw,omitempty" jsonschema:"single records, not sums"`
	tool.Paging
}

type flowOutput struct {
	period.Span
	Device    string              `json:"device,omitempty" jsonschema:"the device whose traffic this is"`
	Bytes     uint64              `json:"bytes,omitempty" jsonschema:"of all flows together, both ways"`
	Flows     []flow              `json:"flows,omitzero" jsonschema:"the sums, the largest first"`
	Records   []tool.Object       `json:"records,omitzero" jsonschema:"what devices reported, the oldest first"`
	Addresses map[string][]string `json:"addresses,omitempty" jsonschema:"the addresses of the devices in flows, as far as they occur"`
	Note      string              `json:"note,omitempty" jsonschema:"what is missing, or what an empty answer means"`
	tool.Listed
}

func (l *logs) flows() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "list_flow_logs",
		Weight:      16, // the API sends the whole window
		Title:       "Sum up network flow logs",
		Group:       group,
		Operations:  []string{"listNetworkFlowLogs", "listTailnetDevices", "getDevice"},
		Class:       grant.Read,
		Devices:     true,
		Example:     json.RawMessage(`{"start":"2h","device":"web-1"}`),
		Description: "Sums up who exchanged traffic with whom, by service (tcp/443), largest first; by default in the last hour.",
		Narrow:      "ask for a shorter window, name one device or set a lower limit",
	}, l.listFlows)
}

// listFlows answers a narrowed caller with what the devices of its grants have reported: the
// other ends are in there too, by their addresses.
func (l *logs) listFlows(ctx context.Context, call tool.Call, in flowInput) (flowOutput, error) {
	when, err := flowReach.Span(l.now(), in.Window, in.Cursor)
	if err != nil {
		return flowOutput{}, err
	}
	out := flowOutput{Span: when}
	who, err := l.devices(ctx, call, in.Device)
	if err != nil {
		return flowOutput{}, err
	}
	out.Device, out.Note = who.asked, who.note
	found, err := l.api.List(ctx, tsapi.Request{
		Op: "listNetworkFlowLogs", Query: map[string][]string{"start": {when.Start}, "end": {when.End}},
	}, "logs")
	if err != nil {
		return flowOutput{}, narrowed(err, "ask for a shorter window; naming a device and a lower limit do not help here, because the Tailscale API sends the whole window")
	}
	if len(found) == 0 {
		out.Note = "no device reported anything in this window; flow logging may be off (get_settings, networkFlowLoggingOn), and what was reported comes minutes later"
	}
	all := len(found)
	found = slices.DeleteFunc(slices.Clone(found), func(o tsapi.Object) bool { return !who.mayRead(o.Text("nodeId")) }) // the list may be shared
	if all > 0 && len(found) == 0 {
		out.Note = "no device that your grants are for reported anything in this window; what others reported is not shown"
	}
	scope := []any{"list_flow_logs", when, who.id, in.Raw}
	if in.Raw {
		return out, out.records(call, in, scope, who, found)
	}
	return out, out.sums(call, in, scope, who, found)
}

// records fills in a page of what was reported, by the device if one is named.
func (out *flowOutput) records(call tool.Call, in flowInput, scope []any, who *directory, found []tsapi.Object) error {
	if who.id != "" {
		found = slices.DeleteFunc(found, func(o tsapi.Object) bool { return o.Text("nodeId") != who.id })
	}
	objects, listed, err := page(call, in.Paging, scope, keyed(found, "start", "nodeId"))
	if err != nil {
		return err
	}
	out.Listed, out.Records = listed, make([]tool.Object, len(objects))
	for i, o := range objects {
		out.Records[i] = tool.Whole(o)
		if name, ok := who.names[o.Text("nodeId")]; ok {
			if out.Records[i]["name"], err = json.Marshal(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// sums fills in a page of the sums. A cursor is of a window that has ended: its sums grow
// no more, but for what devices report late.
func (out *flowOutput) sums(call tool.Call, in flowInput, scope []any, who *directory, found []tsapi.Object) error {
	all, err := sumUp(found, who)
	if err != nil {
		return err
	}
	for _, f := range all {
		out.Bytes += f.Sent + f.Received
	}
	if out.Flows, out.Listed, err = tool.Page(call, in.Paging, scope, all, flow.key); err != nil {
		return err
	}
	out.Addresses = map[string][]string{}
	for _, f := range out.Flows {
		for _, name := range []string{f.From, f.To} {
			if seen := who.seen[name]; len(seen) > 0 {
				out.Addresses[name] = seen
			}
		}
	}
	if len(all) == 0 && len(found) > 0 && out.Note == "" {
		out.Note = "there were reports in this window, and no such traffic in them"
	}
	return nil
}
