// SPDX-License-Identifier: MIT

package metrics

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/audit"
)

func TestAudit(t *testing.T) {
	m := New("1.2.3")
	log := m.Audit(sink{}, offered)
	for _, r := range []audit.Record{
		{Event: audit.Decision, Method: "tools/call", Name: "ping_peer", Allowed: true},
		{Event: audit.Outcome, Method: "tools/call", Name: "ping_peer", Allowed: true, Duration: 200 * time.Millisecond},
		{Event: audit.Decision, Method: "tools/call", Name: "ping_peer", Allowed: true},
		{Event: audit.Outcome, Method: "tools/call", Name: "ping_peer", Allowed: true, Code: "timeout", Duration: 30 * time.Second},
		{Event: audit.Decision, Method: "tools/call", Name: "ping_peer"},
		{Event: audit.Decision, Method: "tools/call", Name: "rm"},
		{Event: audit.Decision, Method: "tools/call", Name: "diagnose_peer"}, // a prompt
		{Event: audit.Decision, Method: "prompts/get", Name: "diagnose_peer", Allowed: true},
		{Event: audit.Decision, Method: "completion/complete", Name: "diagnose_peer", Allowed: true},
		{Event: audit.Decision, Method: "completion/complete", Name: "tailscale://device/{id}", Allowed: true},
		{Event: audit.Decision, Method: "resources/read", Name: "tailscale://devices", Allowed: true},
		{Event: audit.Decision, Method: "resources/read", Name: "tailscale://device/web-1", Allowed: true},
		{Event: audit.Decision, Method: "resources/read", Name: "tailscale://device/web-2", Allowed: true},
		{Event: audit.Decision, Method: "resources/read", Name: "tailscale://device/"},
		{Event: audit.Decision, Method: "resources/read", Name: "tailscale://device/a/b"},
		{Event: audit.Decision, Method: "resources/read", Name: ""},
		{Event: audit.Decision, Method: "GET /metrics", Name: "bootstrap://metrics", Allowed: true},
		{Event: audit.Decision, Method: "tools/list", Name: "anything", Allowed: true},
		{Event: audit.Decision, Method: "POST /mcp"},
		{Event: audit.Decision, Method: "BREW /mcp", Name: "whoami"},
	} {
		if err := log.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	has(t, m,
		`tailscale_mcp_decisions_total{decision="allowed",method="tools/call",name="ping_peer"} 2`,
		`tailscale_mcp_decisions_total{decision="refused",method="tools/call",name="ping_peer"} 1`,
		`tailscale_mcp_decisions_total{decision="refused",method="tools/call",name="unknown"} 2`,
		`tailscale_mcp_decisions_total{decision="allowed",method="prompts/get",name="diagnose_peer"} 1`,
		`tailscale_mcp_decisions_total{decision="allowed",method="completion/complete",name="diagnose_peer"} 1`,
		`tailscale_mcp_decisions_total{decision="allowed",method="completion/complete",name="tailscale://device/{id}"} 1`,
		`tailscale_mcp_decisions_total{decision="allowed",method="resources/read",name="tailscale://devices"} 1`,
		`tailscale_mcp_decisions_total{decision="allowed",method="resources/read",name="tailscale://device/{id}"} 2`,
		`tailscale_mcp_decisions_total{decision="refused",method="resources/read",name="unknown"} 3`,
		`tailscale_mcp_decisions_total{decision="allowed",method="GET /metrics",name="bootstrap://metrics"} 1`,
		`tailscale_mcp_decisions_total{decision="allowed",method="tools/list",name=""} 1`,
		`tailscale_mcp_decisions_total{decision="refused",method="POST /mcp",name=""} 1`,
		`tailscale_mcp_decisions_total{decision="refused",method="other",name=""} 1`,
		`tailscale_mcp_outcomes_total{code="ok",method="tools/call",name="ping_peer"} 1`,
		`tailscale_mcp_outcomes_total{code="timeout",method="tools/call",name="ping_peer"} 1`,
		`tailscale_mcp_outcome_duration_seconds_sum{method="tools/call",name="ping_peer"} 30.2`,
		`tailscale_mcp_outcome_duration_seconds_bucket{method="tools/call",name="ping_peer",le="0.5"} 1`,
		`tailscale_mcp_audit_records_total{event="decision"} 18`,
		`tailscale_mcp_audit_records_total{event="outcome"} 2`,
		`tailscale_mcp_audit_records_lost_total{event="decision"} 0`,
	)
}

// TestAuditFails: whoever writes a record learns the very error, and what was
// decided is counted all the same.
func TestAuditFails(t *testing.T) {
	m, full := New("1.2.3"), errors.New("the disk is full")
	log := m.Audit(sink{full}, offered)
	for _, event := range []audit.Event{audit.Decision, audit.Outcome} {
		if err := log.Write(t.Context(), audit.Record{Event: event, Method: "tools/call", Name: "whoami", Allowed: true}); err != full {
			t.Errorf("got %v, want %v", err, full)
		}
	}
	has(t, m,
		`tailscale_mcp_audit_records_total{event="decision"} 0`,
		`tailscale_mcp_audit_records_lost_total{event="decision"} 1`,
		`tailscale_mcp_audit_records_lost_total{event="outcome"} 1`,
		`tailscale_mcp_decisions_total{decision="allowed",method="tools/call",name="whoami"} 1`,
		`tailscale_mcp_outcomes_total{code="ok",method="tools/call",name="whoami"} 1`,
	)
}

// TestAuditLostOnTheWay: what was taken and not written is counted as lost, and
// what the journal alone did not get is not. A confirmation is no second decision.
func TestAuditLostOnTheWay(t *testing.T) {
	m := New("1.2.3")
	m.AuditLost(audit.Decision)
	m.AuditLost(audit.Outcome)
	m.JournalLost(audit.Outcome)
	m.JournalLost("what nobody knows")
	r := audit.Record{Event: audit.Confirmation, Method: "tools/call", Name: "whoami", Allowed: true}
	if err := m.Audit(sink{}, offered).Write(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	has(t, m,
		`tailscale_mcp_audit_records_lost_total{event="decision"} 1`,
		`tailscale_mcp_audit_records_lost_total{event="outcome"} 1`,
		`tailscale_mcp_audit_journal_lost_total{event="decision"} 1`,
		`tailscale_mcp_audit_journal_lost_total{event="outcome"} 1`,
		`tailscale_mcp_audit_records_total{event="confirmation"} 1`,
	)
	if strings.Contains(text(t, m), "tailscale_mcp_decisions_total{") {
		t.Error("a confirmation was counted as a decision")
	}
}

// A record is written to a journal or a file, which takes much longer than this.
func BenchmarkAudit(b *testing.B) {
	for name, r := range map[string]audit.Record{
		"decision": {Event: audit.Decision, Method: "tools/call", Name: "whoami", Allowed: true},
		"outcome":  {Event: audit.Outcome, Method: "tools/call", Name: "whoami", Allowed: true, Duration: time.Second},
		"member":   {Event: audit.Decision, Method: "resources/read", Name: "tailscale://device/web-1", Allowed: true},
		"unknown":  {Event: audit.Decision, Method: "tools/call", Name: "nothing"},
	} {
		b.Run(name, func(b *testing.B) {
			log := New("1.2.3").Audit(sink{}, offered)
			b.ReportAllocs()
			for b.Loop() {
				_ = log.Write(b.Context(), r)
			}
		})
	}
}

func BenchmarkText(b *testing.B) {
	m := everything(b)
	b.ReportAllocs()
	for b.Loop() {
		text(b, m)
	}
}
