// SPDX-License-Identifier: MIT

package gate_test

import (
	"log/slog"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

// TestCharge: a change that begins takes from its caller's share, whatever comes of
// it. Without any left it is refused before it begins, as a refusal that folds; reads
// and what is not granted cost nothing.
func TestCharge(t *testing.T) {
	left := map[string]int{}
	log := &memory{}
	h := harness{audit: log, Dispatcher: gate.NewDispatcher(gate.Options{
		Registry: tool.NewRegistry(grant.Classes(), sample(newLatch())), Audit: log, Log: slog.New(slog.DiscardHandler),
		Capability: capability, Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		Charge: func(caller string) error {
			if left[caller]++; left[caller] > 2 {
				return &tsapi.Error{Code: failure.RateLimited, Message: "too many", Next: "wait 1s and call again"}
			}
			return nil
		},
	})}
	for _, c := range []struct {
		name, arguments, code string
		granted               bool
	}{
		{"get_echo", `{"text":"x"}`, "", true},
		{"set_echo", `{"text":"x"}`, failure.AccessDenied, false},
		{"set_echo", `{"text":"x"}`, "", true},
		{"set_echo", `{"wrong":"x"}`, failure.InvalidArgument, true},
		{"set_echo", `{"wrong":"x"}`, string(failure.RateLimited), true},
		{"get_echo", `{"text":"x"}`, "", true},
	} {
		before := len(log.all())
		entry := reads
		if c.granted {
			entry = everything
		}
		_, err := h.call(t.Context(), alice(t, entry), c.name, c.arguments)
		if got := code(t, err); got != c.code {
			t.Errorf("%s %s: got %v, want %q", c.name, c.arguments, err, c.code)
		}
		if c.code != string(failure.RateLimited) {
			continue
		}
		records := log.all()[before:]
		if len(records) != 1 || records[0].Event != audit.Decision || records[0].Allowed || records[0].Reason != "too many" {
			t.Errorf("got %+v, want one record of the refusal", records)
		}
	}
	if len(left) != 1 {
		t.Errorf("charged were %v, want alice alone", left)
	}
}

// TestChargeOfServers: what is asked of servers takes nothing from the share that a caller has
// of our own changes, and has one of its own.
func TestChargeOfServers(t *testing.T) {
	ours, servers := 0, 0
	registry := tool.NewRegistry(grant.Classes(), sample(newLatch()))
	if left := registry.Set("files", grant.Classes(), gate.Offer{Tools: behindTools(map[string]grant.Class{"read": grant.Read, "write": grant.Write})}); len(left) > 0 {
		t.Fatal(left)
	}
	log := &memory{}
	d := gate.NewDispatcher(gate.Options{
		Registry: registry, Audit: log, Log: slog.New(slog.DiscardHandler), Capability: capability, Host: func() gate.Host { return gate.Host{} },
		Charge:        func(string) error { ours++; return nil },
		ChargeServers: func(string) error { servers++; return nil },
	})
	h := harness{audit: log, Dispatcher: d.Of("files")}
	for _, name := range []string{"read", "write"} {
		if _, err := h.call(t.Context(), alice(t, `{"tools":["files/*"]}`), name, `{}`); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if ours != 0 || servers != 1 {
		t.Errorf("charged %d times for ours and %d for servers, want none and once", ours, servers)
	}
}
