// SPDX-License-Identifier: MIT

package gate_test

import (
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

// withholding is a dispatcher that reads, and says why it does not offer the rest.
func withholding(t *testing.T) harness {
	t.Helper()
	h := harness{gate: newLatch(), audit: &memory{}, log: &lockedBuffer{}}
	reason := func(all ...string) (why []gate.Reason) {
		for _, what := range all {
			why = append(why, gate.Reason{What: what, Next: "set it for " + what})
		}
		return why
	}
	h.Dispatcher = gate.NewDispatcher(gate.Options{
		Registry: tool.NewRegistry([]grant.Class{grant.Read}, sample(h.gate), tool.WhoAmI(), tool.Set{Withheld: []gate.Withheld{
			{Tool: grant.Tool{Name: "list_all_things", Group: "gamma", Class: grant.Read}, Why: reason("no credential")},
			{Tool: grant.Tool{Name: "create_key", Group: "beta", Class: grant.Escalating}, Why: reason("no class", "no credential")},
			{Tool: grant.Tool{Name: "get_thing", Group: "gamma", Class: grant.Read}, Why: reason("no credential")},
			{Tool: grant.Tool{Name: "get_echo", Group: "alpha", Class: grant.Read}, Why: reason("nothing: it is offered")},
		}}),
		Audit: h.audit, Log: slog.New(slog.DiscardHandler), Capability: capability,
		Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
	})
	return h
}

// TestWithheld: who is granted a tool is told why this host does not offer it; to
// everybody else it is a name like any other.
func TestWithheld(t *testing.T) {
	h := withholding(t)
	for _, c := range []struct{ granted, name, code, says string }{
		{reads, "get_thing", failure.NotOffered, "does not offer the tool get_thing, because no credential. Next step: set it for no credential"},
		{everything, "create_key", failure.NotOffered, "because no class, and no credential. Next step: set it for no class; set it for no credential"},
		{`{"tools":["get_thing"]}`, "list_all_things", failure.UnknownName, ""},
		{reads, "create_key", failure.UnknownName, ""},
		{`{}`, "get_thing", failure.UnknownName, ""},
		{reads, "get_echo", "", ""},
		// What was probably meant, of what this caller may use.
		{reads, "list_things", failure.UnknownName, "did you mean list_all_things?"},
		{reads, "get_eco", failure.UnknownName, "did you mean get_echo?"},
		{everything, "create_keys", failure.UnknownName, "did you mean create_key?"},
		{reads, "create_keys", failure.UnknownName, ""},
		{`{}`, "get_eco", failure.UnknownName, ""},
		{`{}`, "who_am_i", failure.UnknownName, "did you mean whoami?"},
	} {
		_, err := h.call(t.Context(), alice(t, c.granted), c.name, `{}`)
		if got := code(t, err); got != c.code {
			t.Errorf("%s with %s: got %v, want %s", c.name, c.granted, err, c.code)
			continue
		}
		if err != nil && (!strings.Contains(err.Error(), c.says) || c.says == "" && strings.Contains(err.Error(), "did you mean")) {
			t.Errorf("%s with %s: got %v, want %q", c.name, c.granted, err, c.says)
		}
	}
	for _, r := range h.audit.all() {
		if r.Name == "create_key" && r.Allowed {
			t.Errorf("got %+v, want it recorded as refused", r)
		}
	}
	if got := toolNames(h.Tools(alice(t, everything))); slices.Contains(got, "get_thing") {
		t.Errorf("got %q listed", got)
	}
	var who gate.WhoAmIResult
	if err := json.Unmarshal([]byte(whoAmI(t, h, alice(t))), &who); err != nil {
		t.Fatal(err)
	}
	if want := []string{"1 tool, because no class: set it for no class", "3 tools, because no credential: set it for no credential"}; !slices.Equal(who.NotOffered, want) {
		t.Errorf("got %q, want %q", who.NotOffered, want)
	}
}
