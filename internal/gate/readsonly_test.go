// SPDX-License-Identifier: MIT

package gate_test

import (
	"encoding/json"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
	"tailscale-mcp/internal/tool"
)

// TestReadsOnly: while a host serves only reads, nothing else runs, whatever is
// granted; that is recorded as refused, with the reason, and told with a next step.
// Reads go on, and so does everything once it is over.
func TestReadsOnly(t *testing.T) {
	const cause = "this host has lost its way"
	var lost atomic.Bool
	log := &memory{}
	h := harness{audit: log, Dispatcher: gate.NewDispatcher(gate.Options{
		Registry:   tool.NewRegistry(grant.Classes(), sample(newLatch()), tool.WhoAmI()),
		Audit:      log,
		Log:        slog.New(slog.DiscardHandler),
		Capability: capability,
		Host:       func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		ReadsOnly: func() string {
			if lost.Load() {
				return cause
			}
			return ""
		},
	})}
	notice := func(c caller.Caller) string {
		var who gate.WhoAmIResult
		if err := json.Unmarshal([]byte(whoAmI(t, h, c)), &who); err != nil {
			t.Fatal(err)
		}
		return who.Notice
	}
	calls := map[string]bool{"get_echo": false, "set_echo": true, "delete_echo": true, "create_key": true}
	for _, is := range []bool{false, true, false} {
		lost.Store(is)
		for name, changes := range calls {
			before := len(log.all())
			_, err := h.call(t.Context(), alice(t, everything), name, `{"text":"x"}`)
			records := log.all()[before:]
			if !is || !changes {
				if err != nil || len(records) != 2 || !records[0].Allowed {
					t.Errorf("lost %v, %s: got %v and %+v, want it done", is, name, err, records)
				}
				continue
			}
			if got := code(t, err); got != failure.ReadsOnly || !strings.Contains(err.Error(), cause) {
				t.Errorf("lost, %s: got %v, want %s because %s", name, err, failure.ReadsOnly, cause)
			}
			told.Check(t, err)
			if len(records) != 1 || records[0].Event != audit.Decision || records[0].Allowed || records[0].Reason != cause || records[0].Name != name {
				t.Errorf("lost, %s: got %+v, want one record of the refusal", name, records)
			}
			// Who is not granted it learns nothing new.
			if _, err := h.call(t.Context(), alice(t, reads), name, `{"text":"x"}`); code(t, err) != failure.AccessDenied {
				t.Errorf("lost, %s without a grant: got %v, want %s", name, err, failure.AccessDenied)
			}
		}
		if text, err := h.read(alice(t, everything), "test://fixed"); text != "fixed" || err != nil {
			t.Errorf("lost %v: got %q, %v of a resource", is, text, err)
		}
		if got := notice(alice(t)); strings.Contains(got, cause) != is || (got == "") == is {
			t.Errorf("lost %v: whoami has the notice %q", is, got)
		}
	}
}
