// SPDX-License-Identifier: MIT

package gateway_test

import (
	"errors"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/grant"
	testservers "tailscale-mcp/internal/testbed/servers"
	"tailscale-mcp/internal/upstream/servers"
)

// TestAudit: the records of a call say which server, whose class, which process and what
// came of it; and what cannot be recorded is not done, but for reads.
func TestAudit(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", map[string]grant.Class{"echo": grant.Read, "fail": grant.Write})
	b.grant("alice@example.com", `{"tools":["odd/*"]}`)
	alice := b.alice()
	alice.call(t, "odd", "fail", nil)
	records := b.audit.Of("odd/fail")
	if len(records) != 2 {
		t.Fatalf("recorded %+v", records)
	}
	for _, r := range records {
		if r.Server != "odd" || r.Class != "write" || r.ClassFrom != "pin" || r.Target != "odd" || r.Login != "alice@example.com" {
			t.Errorf("recorded %+v", r)
		}
	}
	outcome := records[1]
	if outcome.Event != audit.Outcome || !outcome.IsError || outcome.Code != "tool_failed" || outcome.Bytes == 0 || outcome.Invocation != testservers.Invocation {
		t.Errorf("outcome %+v", outcome)
	}
	alice.call(t, "odd", "refuse", nil)
	if r := b.audit.Of("odd/refuse"); len(r) != 2 || r[1].IsError || r[1].Code != "tool_failed" || r[1].Bytes != 0 || r[1].Invocation == "" {
		t.Errorf("recorded %+v", r)
	}
	alice.call(t, "odd", "die", nil)
	for _, r := range b.audit.Records() { // it might repeat an argument
		if strings.Contains(r.Reason, "not today") || strings.Contains(r.Reason, "out of luck") {
			t.Errorf("recorded what the server says: %+v", r)
		}
	}
	selected := 0
	for _, r := range b.audit.Records() {
		if (audit.Selection{Server: "odd", Tool: "fail"}).Has(r) {
			selected++
		}
		if (audit.Selection{Server: "other"}).Has(r) {
			t.Errorf("of another server: %+v", r)
		}
	}
	if selected != 2 {
		t.Errorf("%d records of the tool fail of the server odd", selected)
	}

	b.audit.Fail(errors.New("the disk is full"))
	if got := alice.call(t, "odd", "count", nil); !strings.Contains(got, "audit_failed") {
		t.Errorf("unrecorded: %s", got)
	}
	if got := alice.call(t, "odd", "echo", nil); !strings.Contains(got, `"content"`) || strings.Contains(got, "audit_failed") {
		t.Errorf("a read: %s", got)
	}
	b.audit.Fail(nil)
	if got := alice.call(t, "odd", "count", nil); !strings.Contains(got, "1 of") {
		t.Errorf("the call that was not recorded was made: %s", got)
	}
}

// TestStreamRecord: a stream is on record with how many things it tells of, and not with how
// much is said of each.
func TestStreamRecord(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", "")
	b.approve(t, "odd", map[string]grant.Class{"echo": grant.Read})
	b.grant("alice@example.com", `{"tools":["odd/echo"]}`)
	b.alice().begin(t, "odd").listen(t, "odd")
	b.alice().subscribe(t, "odd", map[string]any{"toolsListChanged": true})
	for _, method := range []string{"GET /odd/mcp", "subscriptions/listen"} {
		var reason string
		eventually(t, "the stream is on record: "+method, func() bool {
			for _, r := range b.audit.Of("odd/") {
				if r.Method == method {
					reason = r.Reason
				}
			}
			return reason != ""
		})
		if !strings.HasPrefix(reason, "1 of ") {
			t.Errorf("%s: shown %s", method, reason)
		}
	}
}

// TestReadsOnly: where changes cannot be recorded, what changes something is not listed.
func TestReadsOnly(t *testing.T) {
	b := newBench(t, func(o *servers.Options) { o.ReadsOnly = true })
	b.Odd("odd", "")
	b.approve(t, "odd", map[string]grant.Class{"echo": grant.Read, "count": grant.Write})
	b.grant("alice@example.com", `{"tools":["odd/*"]}`)
	if _, list := b.alice().post(t.Context(), t, "odd", "tools/list", nil); !strings.Contains(list, `"echo"`) || strings.Contains(list, `"count"`) {
		t.Errorf("listed: %s", list)
	}
	if got := b.alice().call(t, "odd", "count", nil); !strings.Contains(got, "unknown_name") {
		t.Errorf("called: %s", got)
	}
}
