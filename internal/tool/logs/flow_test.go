// SPDX-License-Identifier: MIT

package logs

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
)

// reports is what the API has: web-1 asks web-2 for https and pings it, which both
// report, and web-2 is asked by a stranger, over both of its addresses.
const reports = `{"logs":[
	{"nodeId":"nWeb1CNTRL","start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:00:05Z",
		"virtualTraffic":[
			{"proto":"tcp","src":"100.64.0.11:50000","dst":"100.64.0.12:443","txPkts":2,"txBytes":200,"rxPkts":3,"rxBytes":3000},
			{"proto":6,"src":"100.64.0.11:50001","dst":"100.64.0.12:443","txPkts":1,"txBytes":100,"rxPkts":1,"rxBytes":1000},
			{"proto":"icmp","src":"100.64.0.11:0","dst":"100.64.0.12:0","txPkts":1,"txBytes":8,"rxPkts":1,"rxBytes":9}],
		"subnetTraffic":[{"proto":"udp","src":"100.64.0.11:40000","dst":"10.0.0.9:53","txPkts":1,"txBytes":50}],
		"physicalTraffic":[{"proto":"udp","src":"100.64.0.12:0","dst":"199.9.14.201:41641","txPkts":9,"txBytes":90000}]},
	{"nodeId":"nWeb2CNTRL","start":"2026-01-01T00:00:01Z","end":"2026-01-01T00:00:06Z",
		"virtualTraffic":[
			{"proto":"tcp","src":"100.64.0.12:443","dst":"100.64.0.11:50000","txPkts":3,"txBytes":3000,"rxPkts":2,"rxBytes":200},
			{"proto":"icmp","src":"100.64.0.12:0","dst":"100.64.0.11:0","txPkts":1,"txBytes":9,"rxPkts":1,"rxBytes":8},
			{"proto":"tcp","src":"[fd7a:115c:a1e0::12]:22","dst":"[fd7a:115c:a1e0::99]:40000","txPkts":1,"txBytes":70},
			{"proto":"tcp","src":"100.64.0.12:40000","dst":"100.64.0.99:50000","rxPkts":1,"rxBytes":5},
			{"proto":99,"src":"100.64.0.12:0","dst":"100.64.0.98:0","rxPkts":1,"rxBytes":4},
			{"proto":"tcp","txPkts":1,"txBytes":3}]}
]}`

const (
	https = `{"from":"web-1","to":"web-2","service":"tcp/443","kind":"virtual","sent":300,"received":4000,"packets":7}`
	icmp  = `{"from":"web-1","to":"web-2","service":"icmp","kind":"virtual","sent":8,"received":9,"packets":2}`
	names = `{"from":"web-1","to":"10.0.0.9","service":"udp/53","kind":"subnet","sent":50,"received":0,"packets":1}`
	ssh   = `{"from":"fd7a:115c:a1e0::99","to":"web-2","service":"tcp/22","kind":"virtual","sent":0,"received":70,"packets":1}`
	high  = `{"from":"web-2","to":"100.64.0.99","service":"tcp","kind":"virtual","sent":0,"received":5,"packets":1}`
	other = `{"from":"web-2","to":"100.64.0.98","service":"protocol 99","kind":"virtual","sent":0,"received":4,"packets":1}`
	blank = `{"from":"not reported","to":"not reported","service":"tcp","kind":"virtual","sent":3,"received":0,"packets":1}`
)

func flowRig(t *testing.T, reports string) *tooltest.API {
	t.Helper()
	r := newRig(t)
	r.Fake.SetDevices([]fakeapi.Device{
		{NodeID: "nWeb1CNTRL", ID: "11", Name: "web-1.tailfe8c.ts.net", Hostname: "web-1", Addresses: []string{"100.64.0.11"}, Tags: []string{"tag:web"}},
		{NodeID: "nWeb2CNTRL", ID: "12", Name: "web-2.tailfe8c.ts.net", Hostname: "web-2", Addresses: []string{"100.64.0.12", "fd7a:115c:a1e0::12"}, Tags: []string{"tag:prod"}},
	})
	r.Fake.Fail("listNetworkFlowLogs", fakeapi.Body(200, "application/json", reports))
	return r
}

// flowsOf is the list of flows in an answer.
func flowsOf(t *testing.T, text string) string {
	t.Helper()
	var answer struct{ Flows json.RawMessage }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return string(answer.Flows)
}

func listOf(flows ...string) string { return "[" + strings.Join(flows, ",") + "]" }

// Flows have names, what both ends report counts once, and the largest is first.
func TestFlows(t *testing.T) {
	r := flowRig(t, reports)
	got := r.Answers("list_flow_logs", `{"start":"3h"}`, `"addresses":{"web-1":["100.64.0.11"],"web-2":["100.64.0.12","fd7a:115c:a1e0::12"]}`, `"bytes":4449`)
	if flows, want := flowsOf(t, got), listOf(https, ssh, names, icmp, high, other, blank); flows != want {
		t.Errorf("got %s, want %s", flows, want)
	}
	if strings.Contains(got, "41641") {
		t.Errorf("got %s, want nothing of what carries the rest", got)
	}
	// Page by page it is the same.
	var page struct{ Start, End, NextCursor string }
	var all []string
	for cursor := ""; ; cursor = page.NextCursor {
		text := r.Answers("list_flow_logs", fmt.Sprintf(`{"start":%q,"end":%q,"limit":2,"cursor":%q}`, page.Start, page.End, cursor))
		all = append(all, strings.Trim(flowsOf(t, text), "[]"))
		page.NextCursor = ""
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatal(err)
		}
		if page.NextCursor == "" {
			break
		}
	}
	if got, want := "["+strings.Join(all, ",")+"]", flowsOf(t, got); got != want || len(all) != 4 {
		t.Errorf("got %s by %d pages, want %s by 4", got, len(all), want)
	}
}

// One device is named as people name devices, and what the other end reported is there.
func TestFlowsOfOneDevice(t *testing.T) {
	r := flowRig(t, reports)
	for _, name := range []string{"web-1", "web-1.tailfe8c.ts.net", "100.64.0.11", "nWeb1CNTRL", "11"} {
		got := r.Answers("list_flow_logs", `{"device":"`+name+`"}`, `"device":"web-1"`)
		if flows, want := flowsOf(t, got), listOf(https, names, icmp); flows != want || len(got) > 1000 {
			t.Errorf("%s: got %d bytes, %s, want %s", name, len(got), flows, want)
		}
	}
	got := r.Answers("list_flow_logs", `{"device":"web-2"}`)
	if flows, want := flowsOf(t, got), listOf(https, ssh, icmp, high, other, blank); flows != want {
		t.Errorf("got %s, want %s", flows, want)
	}
	r.Refuses("list_flow_logs", `{"device":"web"}`, notFound, "nWeb1CNTRL", "nWeb2CNTRL")
}

func TestFlowRecords(t *testing.T) {
	r := flowRig(t, reports)
	got := r.Answers("list_flow_logs", `{"device":"web-1","raw":true}`, `"name":"web-1"`, `"physicalTraffic":`, `"dst":"10.0.0.9:53"`, `"total":1`)
	if strings.Contains(got, "nWeb2CNTRL") || strings.Contains(got, `"flows"`) {
		t.Errorf("got %s, want what web-1 has reported, and no sums", got)
	}
}

// Nothing is not said to be everything.
func TestFlowsOfNothing(t *testing.T) {
	r := flowRig(t, `{"logs":[]}`)
	r.Answers("list_flow_logs", `{}`, `"flows":[]`, "flow logging may be off")
	r = flowRig(t, `{"logs":[{"nodeId":"nWeb2CNTRL"}]}`)
	r.Answers("list_flow_logs", `{"device":"web-1"}`, `"flows":[]`, "no such traffic")
	r = flowRig(t, `{"logs":[{"nodeId":"n","start":"2026-01-01T00:00:00Z","virtualTraffic":[{"txBytes":"many"}]}]}`)
	r.Refuses("list_flow_logs", `{}`, string(failure.UpstreamMalformed), "virtualTraffic")
}

// Without the devices there are no names; all else is there, and it is said.
func TestFlowsWithoutNames(t *testing.T) {
	r := flowRig(t, reports)
	r.Fake.Fail("listTailnetDevices", fakeapi.Status(403))
	r.Answers("list_flow_logs", `{}`, `"from":"100.64.0.11"`, "names of devices could not be read")
	r.Refuses("list_flow_logs", `{"device":"web-1"}`, string(failure.PermissionDenied), "")
	r = flowRig(t, reports)
	r.Fake.Fail("listTailnetDevices", fakeapi.Status(500))
	r.Refuses("list_flow_logs", `{}`, string(failure.UpstreamUnavailable), "")
}

// A caller for some devices is told what those have reported, and no names of others.
func TestFlowsNarrowed(t *testing.T) {
	r := flowRig(t, reports)
	rules, err := grant.Parse([]string{`{"tools":["list_flow_logs"],"devices":["tag:web"]}`})
	if err != nil {
		t.Fatal(err)
	}
	call := func(arguments string) (string, error) {
		out, err := r.Dispatcher.Call(t.Context(), caller.Caller{Login: "dan@example.com", Node: "d", NodeID: "nDan", Rules: rules}, gate.Request{
			ID: "1", Method: "tools/call", Name: "list_flow_logs", Arguments: json.RawMessage(arguments),
		})
		return string(out.Structured), err
	}
	got, err := call(`{}`)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(listOf(https, names, icmp), `"web-2"`, `"100.64.0.12"`)
	if flows := flowsOf(t, got); flows != want {
		t.Errorf("got %s, want %s", flows, want)
	}
	if got, err = call(`{"raw":true}`); err != nil || strings.Contains(got, "nWeb2CNTRL") {
		t.Errorf("got %s and %v, want the reports of web-1 alone", got, err)
	}
	if _, err := call(`{"device":"web-2"}`); failure.CodeOf(err) != failure.NotFound || strings.Contains(err.Error(), "nWeb2CNTRL") {
		t.Errorf("another device: got %v, want %s", err, failure.NotFound)
	}
	if rules, err = grant.Parse([]string{`{"tools":["list_flow_logs"],"devices":["tag:none"]}`}); err != nil {
		t.Fatal(err)
	}
	if got, err := call(`{}`); err != nil || !strings.Contains(got, "no device that your grants are for reported anything") {
		t.Errorf("without a device of theirs: got %s and %v, want that said", got, err)
	}
	r.Fake.Fail("listTailnetDevices", fakeapi.Status(403))
	if got, err := call(`{}`); err == nil {
		t.Errorf("without the devices: got %s, want a refusal", got)
	}
}
