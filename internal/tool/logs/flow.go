// SPDX-License-Identifier: MIT

package logs

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/period"
)

var trafficKinds = []string{"virtualTraffic", "subnetTraffic", "exitTraffic", "physicalTraffic"}

var flowKind = tool.Kind{
	Listed:     []string{"nodeId", "start", "end"},
	Documented: append([]string{"logged", "bytes"}, trafficKinds...), // bytes is ours
}

// flowReach: entries are kept for 30 days (https://tailscale.com/kb/1219), and the
// API has no filter for them.
var flowReach = period.Reach{Back: time.Hour, Most: period.Day, Kept: 30 * period.Day}

// nodeForm keeps names and addresses out, which would fit nothing.
var nodeForm = regexp.MustCompile(`^n[0-9A-Za-z]+$`)

type flowInput struct {
	period.Window
	Node string `json:"node,omitempty" jsonschema:"only what this device reported: its nodeId, such as nBLYviWLGB21DEVEL"`
	tool.Paging
	tool.Selection
}

type flowOutput struct {
	period.Span
	Flows []tool.Object `json:"flows" jsonschema:"what devices reported, the oldest first; bytes has what was sent (tx) and received (rx) by kind of traffic"`
	Note  string        `json:"note,omitempty" jsonschema:"what an empty answer means"`
	tool.Listed
}

func (l *logs) flows() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "list_flow_logs",
		Weight:     16, // the API sends the whole window
		Title:      "List network flow logs",
		Group:      group,
		Operations: []string{"listNetworkFlowLogs"},
		Class:      grant.Read,
		Example:    json.RawMessage(`{"start":"2h","node":"nWeb1CNTRL"}`),
		Description: "Lists what traffic devices reported, the oldest first: nodeId, start and end, and the bytes sent and received by kind: virtualTraffic (between devices of the tailnet), " +
			"subnetTraffic, exitTraffic and physicalTraffic (what carried it). Name a kind in fields, with nodeId and start, for every connection with protocol, addresses and packets. " +
			"The window is the last hour unless start (and end) say otherwise, 24 hours at most, of the last 30 days. Filter by node. " +
			"The answer has start and end as absolute times: the next page needs the cursor together with exactly these as start and end, and the same node. " +
			"Nothing is there while flow logging is off (get_settings, networkFlowLoggingOn). One call to the Tailscale API, which sends the whole window and can be slow.",
		Narrow: "ask for a shorter window, name one node, set a lower limit or ask for fewer fields",
	}, func(ctx context.Context, call tool.Call, in flowInput) (flowOutput, error) {
		if in.Node != "" && (len(in.Node) > 64 || !nodeForm.MatchString(in.Node)) {
			return flowOutput{}, tool.Invalidf("give its nodeId, which list_all_devices shows, such as nBLYviWLGB21DEVEL", "node is no nodeId; flow logs have no names and addresses of devices")
		}
		when, err := flowReach.Span(l.now(), in.Window, in.Cursor)
		if err != nil {
			return flowOutput{}, err
		}
		found, err := l.api.List(ctx, tsapi.Request{
			Op: "listNetworkFlowLogs", Query: map[string][]string{"start": {when.Start}, "end": {when.End}},
		}, "logs")
		if err != nil {
			return flowOutput{}, narrowed(err, "ask for a shorter window; naming a node, a lower limit and fewer fields do not help here, because the Tailscale API sends the whole window")
		}
		note := ""
		if in.Node != "" {
			var of []tsapi.Object
			for _, o := range found {
				if o.Text("nodeId") == in.Node {
					of = append(of, o)
				}
			}
			if len(of) == 0 && len(found) > 0 {
				note = fmt.Sprintf("none of the %d entries of this window is of this node: see with list_all_devices whether the nodeId is right", len(found))
			}
			found = of
		}
		objects, listed, err := page(call, in.Paging, []any{"list_flow_logs", when, in.Node}, keyed(found, "start", "nodeId"))
		if err != nil {
			return flowOutput{}, err
		}
		shown, err := flowKind.All(in.Fields, objects)
		if err != nil {
			return flowOutput{}, err
		}
		if len(in.Fields) == 0 || slices.Contains(in.Fields, "bytes") {
			for i, o := range objects {
				if shown[i]["bytes"], err = sums(o); err != nil {
					return flowOutput{}, err
				}
			}
		}
		return flowOutput{when, shown, note, listed}, nil
	})
}

// volume is how many bytes one kind of traffic had.
type volume struct {
	Tx uint64 `json:"tx"`
	Rx uint64 `json:"rx"`
}

// sums adds up the bytes of each kind of traffic. Only the numbers of a connection
// are read: its protocol may be a name or a number.
func sums(o tsapi.Object) (json.RawMessage, error) {
	all := map[string]volume{}
	for _, name := range trafficKinds {
		value, ok := o.Field(name)
		if !ok {
			continue
		}
		var connections []struct {
			TxBytes uint64 `json:"txBytes"`
			RxBytes uint64 `json:"rxBytes"`
		}
		if json.Unmarshal(value, &connections) != nil {
			return nil, &tsapi.Error{
				Code:    failure.UpstreamMalformed,
				Message: "the field " + name + " of a flow log is not as documented, so its bytes cannot be added up",
				Next:    "ask for the field itself: set fields to nodeId, start and " + name,
			}
		}
		var sum volume
		for _, c := range connections {
			sum.Tx += c.TxBytes
			sum.Rx += c.RxBytes
		}
		if len(connections) > 0 {
			all[name] = sum
		}
	}
	return json.Marshal(all)
}
