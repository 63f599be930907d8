// SPDX-License-Identifier: MIT

package logs

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/credential"
	"tailscale-mcp/internal/tsapi/period"
)

const (
	invalid  = tool.CodeInvalidArgument
	needed   = tool.CodeConfirmationRequired
	notFound = string(failure.NotFound)
)

func TestAudit(t *testing.T) {
	r := newRig(t)
	got := r.Answers("list_audit_logs", `{"start":"7d"}`, `"loginName":"alice@example.com"`, `"error":"the login was refused"`, `"action":"UPDATE"`)
	for _, hidden := range []string{"old policy", `"new"`, "eventGroupID"} {
		if strings.Contains(got, hidden) {
			t.Errorf("got %s in the usual fields", hidden)
		}
	}
	r.Answers("list_audit_logs", `{"start":"7d","event":["TAILNET.UPDATE.ACL"],"fields":["old","new"]}`, "// old policy", "// new policy")
	r.Answers("list_audit_logs", `{"start":"7d","actor":["uBob2CNTRL","~alice"],"target":["admin"]}`, `"loginName":"bob@example.com"`)
	r.Answers("list_audit_logs", `{"start":"7d","actor":["~carol"]}`, `"entries":[]`, `"total":0`)
	q := r.Fake.Requests()[2]
	if got := q.Query["actor"]; len(got) != 2 {
		t.Errorf("got actors %q, want both", got)
	}
	r.Answers("list_audit_logs", `{}`, `"start":"`)
	last := r.Fake.Requests()[4].Query
	start, err := time.Parse(time.RFC3339, last.Get("start"))
	end, err2 := time.Parse(time.RFC3339, last.Get("end"))
	if err != nil || err2 != nil || end.Sub(start) != 24*time.Hour || time.Since(end) > time.Minute {
		t.Errorf("got %v, want the last 24 hours", last)
	}
}

// What cannot be right is refused before anything is sent.
func TestWindows(t *testing.T) {
	r := newRig(t)
	for _, name := range []string{"list_audit_logs", "list_flow_logs"} {
		for arguments, part := range map[string]string{
			`{"start":"yesterday"}`:     "start is neither",
			`{"end":"+1h"}`:             "end is neither",
			`{"start":"d"}`:             "start is neither",
			`{"start":"1h","end":"2h"}`: "is not after",
			`{"start":"1h","end":"1h"}`: "is not after",
			`{"start":"2026-01-02T00:00:00Z","end":"2026-01-01T00:00:00Z"}`: "is not after",
			`{"start":"91d"}`:       "are kept for",
			`{"start":"99999999d"}`: "are kept for",
			`{"cursor":"AAAA"}`:     "a cursor needs",
			`{"cursor":"AAAA","start":"3h","end":"2026-01-01T00:00:00Z"}`:            "a cursor needs",
			`{"start":"0000-01-01T00:00:00+01:00","end":"2026-01-01T00:00:00Z"}`:     "out of range",
			`{"start":"2026-01-01T00:00:00Z","end":"9999-12-31T23:59:59.999-23:00"}`: "out of range",
		} {
			r.Refuses(name, arguments, invalid, part)
		}
	}
	r.Refuses("list_flow_logs", `{"start":"25h"}`, invalid, "24 hours")
	for _, empty := range []string{"", " ", "~", "~ "} {
		r.Refuses("list_audit_logs", `{"actor":["~alice","`+empty+`"]}`, invalid, "empty")
	}
	ago := func(d time.Duration) string { return time.Now().Add(-d).UTC().Format(time.RFC3339) }
	r.Refuses("list_audit_logs", `{"start":"`+ago(100*period.Day)+`","end":"`+ago(99*period.Day)+`"}`, invalid, "kept for 90 days")
	r.Refuses("list_flow_logs", `{"start":"`+ago(31*period.Day)+`","end":"`+ago(30*period.Day)+`"}`, invalid, "kept for 30 days")
	for _, name := range []string{"web-1", "web1.tailfe8c.ts.net", "100.64.0.11", "11", "..", " "} {
		r.Refuses("list_flow_logs", `{"node":"`+name+`"}`, invalid, "list_all_devices")
	}
	r.Refuses("list_audit_logs", `{"actor":["~bob","alice@example.com"]}`, invalid, "write ~ in front")
	for _, event := range []string{"lunch", "node.create", "NODE CREATE", "NODE."} {
		r.Refuses("list_audit_logs", `{"event":["NODE.CREATE","`+event+`"]}`, invalid, "is no event")
	}
	if n := len(r.Fake.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	r.Refuses("list_audit_logs", `{"start":"7d","event":["A.B.C.D"]}`, invalid, "refused the request")
	r.Refuses("list_audit_logs", `{"start":"7d","fields":["colour"]}`, invalid, "there is no field")
	r.Fake.Fail("", fakeapi.Status(502))
	r.Refuses("list_flow_logs", `{}`, string(failure.UpstreamUnavailable), "")
}

// Page by page a log is the same as at once: each entry once and in order, also
// those that share time and group.
func TestPages(t *testing.T) {
	for name, c := range map[string]struct{ list, back string }{"list_audit_logs": {"entries", "7d"}, "list_flow_logs": {"flows", "6h"}} {
		list := c.list
		r := newRig(t)
		var first struct{ Start, End, NextCursor string }
		texts := func(answer string) (found []string, next string) {
			var a map[string]json.RawMessage
			var items []json.RawMessage
			if json.Unmarshal([]byte(answer), &a) != nil || json.Unmarshal(a[list], &items) != nil {
				t.Fatalf("got %s", answer)
			}
			for _, i := range items {
				found = append(found, string(i))
			}
			_ = json.Unmarshal([]byte(answer), &first)
			_ = json.Unmarshal(a["nextCursor"], &next)
			return found, next
		}
		all, next := texts(r.Answers(name, `{"start":"`+c.back+`","limit":500,"fields":["all"]}`))
		if len(all) < 7 || next != "" {
			t.Fatalf("%s: got %d entries and cursor %q", name, len(all), next)
		}
		window := fmt.Sprintf(`"start":%q,"end":%q,"limit":2,"fields":["all"]`, first.Start, first.End)
		paged, next := texts(r.Answers(name, `{`+window+`}`))
		for next != "" {
			var more []string
			cursor := next
			more, next = texts(r.Answers(name, `{`+window+`,"cursor":"`+cursor+`"}`))
			paged = append(paged, more...)
			if len(paged) > len(all) {
				break
			}
		}
		if strings.Join(paged, "\n") != strings.Join(all, "\n") {
			t.Errorf("%s: got %d entries by pages, want the %d of one answer in their order", name, len(paged), len(all))
		}
	}
}

func TestFlows(t *testing.T) {
	r := newRig(t)
	got := r.Answers("list_flow_logs", `{"start":"3h"}`, `"virtualTraffic":{"tx":20000,"rx":10000}`, `"exitTraffic":{"tx":10000,"rx":5000}`, `"nodeId":"nWeb1CNTRL"`)
	if strings.Contains(got, "100.87.74.78") {
		t.Errorf("got %s, want no connections", got)
	}
	got = r.Answers("list_flow_logs", `{"start":"3h","node":"nWeb2CNTRL","fields":["nodeId","virtualTraffic"]}`, `"proto":99`, `"proto":"tcp"`)
	if strings.Contains(got, "nWeb1CNTRL") || strings.Contains(got, `"bytes"`) {
		t.Errorf("got %s, want the fields of one device", got)
	}
	got = r.Answers("list_flow_logs", `{"start":"3h","fields":["bytes"]}`, `{"bytes":{"`)
	if strings.Contains(got, "nWeb1CNTRL") {
		t.Errorf("got %s, want the bytes alone", got)
	}
	// Nothing of a device is not said to be nothing at all.
	r.Answers("list_flow_logs", `{"start":"3h","node":"nOtherCNTRL"}`, `"flows":[]`, `"note":"none of the 1`)
	r.Fake.Fail("listNetworkFlowLogs", fakeapi.Body(200, "application/json", `{"logs":[{"nodeId":"n","start":"2026-01-01T00:00:00Z","virtualTraffic":[{"txBytes":"many"}]}]}`))
	r.Refuses("list_flow_logs", `{}`, string(failure.UpstreamMalformed), "virtualTraffic")
}

// What the API sends at once is made less only by what the API looks at.
func TestTooMuchAtOnce(t *testing.T) {
	fake := newRig(t).Fake
	base, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := tsapi.New(tsapi.Options{BaseURL: base, Credential: credential.Credential{APIKey: fakeapi.DefaultAPIKey}, RetryBudget: -1, MaxResponse: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	r := tooltest.NewAPI(t, fakeapi.Options{}, func(API) tool.Set { return Tools(api) })
	r.Refuses("list_audit_logs", `{"start":"7d"}`, tool.CodeResultTooLarge, "shorter window, or filter by actor")
	r.Refuses("list_flow_logs", `{"start":"7h"}`, tool.CodeResultTooLarge, "shorter window; naming a node")
}
