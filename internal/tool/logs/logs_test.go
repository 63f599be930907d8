// SPDX-License-Identifier: MIT

package logs

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
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
	got := r.Answers("list_audit_logs", `{"start":"7d"}`, `"loginName":"alice@example.com"`, `"error":"the login was refused"`, `"action":"UPDATE"`,
		`"change":{"old":["10.0.0.0/16"],"new":["10.0.0.0/16","192.168.1.0/24"]}`, `"change":"the policy file: policy_history shows what was changed"`)
	for _, hidden := range []string{"old policy", "eventGroupID"} {
		if strings.Contains(got, hidden) {
			t.Errorf("got %s in the usual fields", hidden)
		}
	}
	r.Answers("list_audit_logs", `{"start":"7d","event":["TAILNET.UPDATE.ACL"],"whole":true}`, "// old policy", "// new policy", `"origin":"ADMIN_CONSOLE"`)
	r.Answers("list_audit_logs", `{"start":"7d","actor":["uBob2CNTRL","alice"],"target":["admin"]}`, `"loginName":"bob@example.com"`)
	if got := r.Fake.Requests()[2].Query["actor"]; !slices.Equal(got, []string{"uBob2CNTRL", "~alice"}) {
		t.Errorf("got actors %q, want an ID and a name to search for", got)
	}
	r.Answers("list_audit_logs", `{}`, `"start":"`)
	last := r.Fake.Requests()[3].Query
	start, err := time.Parse(time.RFC3339, last.Get("start"))
	end, err2 := time.Parse(time.RFC3339, last.Get("end"))
	if err != nil || err2 != nil || end.Sub(start) != 24*time.Hour || time.Since(end) > time.Minute {
		t.Errorf("got %v, want the last 24 hours", last)
	}
}

// What a filter does not fit to the letter is looked for, and where it fits nothing the
// answer says what it could have been: an empty list would say that nothing was done.
func TestAuditCandidates(t *testing.T) {
	r := newRig(t)
	for _, loose := range []string{`"target":["ACL"]`, `"target":["acl"],"actor":["Bob"]`, `"target":["TAILNET"]`} {
		r.Answers("list_audit_logs", `{"start":"7d",`+loose+`}`, `"property":"ACL"`, `"note":"nothing fits to the letter`)
	}
	got := r.Answers("list_audit_logs", `{"start":"7d","target":["web-1"]}`, `"entries":[]`, `"total":0`, "nothing fits; candidates are",
		`"actors":["alice@example.com",`, `"build-runner.tailfe8c.ts.net"`, `"TAILNET.UPDATE.ACL"`)
	if len(got) > 900 {
		t.Errorf("got %d bytes of candidates: %s", len(got), got)
	}
	r.Answers("list_audit_logs", `{"start":"7d","actor":["carol@example.com"]}`, `"entries":[]`, `"bob@example.com"`)
	r.Fake.Fail("listConfigurationAuditLogs", fakeapi.Body(200, "application/json", `{"logs":[]}`))
	r.Answers("list_audit_logs", `{"target":["web-1"]}`, `"entries":[]`, "nothing was changed in this window")
}

// A change of a moment ago is in the log that is read right after it (bug 2).
func TestAuditOfAMomentAgo(t *testing.T) {
	r := newRig(t)
	if err := r.Fake.SetPolicy("{\"acls\": []} // of a moment ago\n"); err != nil {
		t.Fatal(err)
	}
	r.Answers("list_audit_logs", `{"start":"1h","whole":true}`, "// of a moment ago")
	end, err := time.Parse(time.RFC3339, r.Fake.Requests()[0].Query.Get("end"))
	if err != nil || time.Since(end) > time.Minute || end.Nanosecond()%1000 != 0 {
		t.Errorf("got the end %v and %v, want now to the microsecond", end, err)
	}
}

// A long value is shown by its beginning.
func TestAuditIsShort(t *testing.T) {
	r := newRig(t)
	r.Fake.Fail("listConfigurationAuditLogs", fakeapi.Body(200, "application/json", `{"logs":[{"eventTime":"2026-01-01T00:00:00Z","action":"UPDATE",
		"target":{"type":"TAILNET","property":"DNS_CONFIG"},"old":null,"new":{"nameservers":["`+strings.Repeat("1.1.1.1 ", 100)+`"]}}]}`))
	if got := r.Answers("list_audit_logs", `{}`, `"change":{"new":"{\"nameservers\":[\"1.1.1.1`); len(got) > 500 {
		t.Errorf("got %d bytes: %s", len(got), got)
	}
	r = newRig(t)
	r.Fake.Fail("listConfigurationAuditLogs", fakeapi.Body(200, "application/json", `{"logs":[{"eventTime":"2026-01-01T00:00:00Z","action":"LOGIN","target":"none"}]}`))
	r.Answers("list_audit_logs", `{}`, `"target":"none"`)
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
	r.Refuses("list_flow_logs", `{"device":".."}`, invalid, "names no device")
	for _, event := range []string{"lunch", "node.create", "NODE CREATE", "NODE."} {
		r.Refuses("list_audit_logs", `{"event":["NODE.CREATE","`+event+`"]}`, invalid, "is no event")
	}
	if n := len(r.Fake.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	r.Refuses("list_audit_logs", `{"start":"7d","event":["A.B.C.D"]}`, invalid, "refused the request")
	r.Fake.Fail("", fakeapi.Status(502))
	r.Refuses("list_flow_logs", `{}`, string(failure.UpstreamUnavailable), "")
}

// Page by page a log is the same as at once: each entry once and in order, also
// those that share time and group.
func TestPages(t *testing.T) {
	for name, c := range map[string]struct{ list, back, all string }{
		"list_audit_logs": {"entries", "7d", `"whole":true`}, "list_flow_logs": {"records", "6h", `"raw":true`},
	} {
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
		all, next := texts(r.Answers(name, `{"start":"`+c.back+`","limit":500,`+c.all+`}`))
		if len(all) < 7 || next != "" {
			t.Fatalf("%s: got %d entries and cursor %q", name, len(all), next)
		}
		window := fmt.Sprintf(`"start":%q,"end":%q,"limit":2,%s`, first.Start, first.End, c.all)
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

// What the API sends at once is made less only by what the API looks at.
func TestTooMuchAtOnce(t *testing.T) {
	fake := newRig(t).Fake
	fake.SetDevices(nil)
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
	r.Refuses("list_flow_logs", `{"start":"7h"}`, tool.CodeResultTooLarge, "shorter window; naming a device")
}
