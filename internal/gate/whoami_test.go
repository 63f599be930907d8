// SPDX-License-Identifier: MIT

package gate_test

import (
	"encoding/json"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
	"tailscale-mcp/internal/tool"
)

// whoAmI is the answer of whoami, indented, after it was held against the
// schema that clients hold it against.
func whoAmI(t *testing.T, h harness, c caller.Caller) string {
	t.Helper()
	out, err := h.call(t.Context(), c, "whoami", ``)
	if err != nil {
		t.Fatal(err)
	}
	schema, err := tool.WhoAmI().Tools[0].Output.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(v); err != nil {
		t.Errorf("its own schema refuses %s: %v", out, err)
	}
	return out
}

// golden compares the answer with a file, all but the text of the grant, which
// is package grant's.
func golden(t *testing.T, name, answer string) {
	t.Helper()
	var got gate.WhoAmIResult
	if err := json.Unmarshal([]byte(answer), &got); err != nil {
		t.Fatal(err)
	}
	if got.Missing != nil {
		if got.Missing.Grant != "" {
			if !json.Valid([]byte(got.Missing.Grant)) {
				t.Errorf("got grant %q, want JSON", got.Missing.Grant)
			}
			got.Missing.Grant = "the grant"
		}
	}
	text, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	told.Golden(t, name, string(text)+"\n")
}

func TestGoldenWhoAmI(t *testing.T) {
	h := newHarness(t)
	golden(t, "whoami.user.json", whoAmI(t, h, alice(t, `{"tools":["get_echo","group:beta"],"resources":["test://thing/one"]}`)))
	golden(t, "whoami.everything.json", whoAmI(t, h, alice(t, everything)))
	tagged := caller.Caller{
		Tags: []string{"tag:ci", "tag:web"}, Node: "runner.example.ts.net", NodeID: "nRunner", Addr: netip.MustParseAddrPort("[fd7a:115c:a1e0::2]:40000"),
	}
	golden(t, "whoami.tagged.json", whoAmI(t, newHarnessWithin(t, []grant.Class{grant.Read}), tagged))
	golden(t, "whoami.operator.json", whoAmI(t, h, caller.Operator("root")))
}

// TestWhoAmIForEverybody: a caller with no grant at all may ask, and is handed what lets
// them read everything, as a person would write it. Who may do that is handed nothing
// more: nobody should paste by accident what writes, removes or grants privilege.
func TestWhoAmIForEverybody(t *testing.T) {
	h := newHarness(t)
	var got gate.WhoAmIResult
	if err := json.Unmarshal([]byte(whoAmI(t, h, alice(t))), &got); err != nil {
		t.Fatal(err)
	}
	if got.Missing == nil || !slices.Equal(got.Missing.Tools, []string{"*", "escalating:*"}) || got.Missing.Count != 7 {
		t.Fatalf("got %+v, missing %+v", got, got.Missing)
	}
	var suggested struct {
		App map[string][]json.RawMessage `json:"app"`
	}
	if err := json.Unmarshal([]byte(got.Missing.Grant), &suggested); err != nil {
		t.Fatal(err)
	}
	entry := string(suggested.App[capability][0])
	if want := `{"tools": ["read:*"], "resources": ["*"]}`; entry != want {
		t.Errorf("got the entry %s, want %s", entry, want)
	}
	for _, c := range []struct{ granted, tools, missing, grant string }{
		{entry, "read:* whoami", "write:* destructive:* escalating:*", ""},
		{reads, "read:* whoami", "write:* destructive:* escalating:*", `{"resources": ["*"]}`},
		{`{"tools":["read:*","group:alpha"],"resources":["*"]}`, "* whoami", "escalating:*", ""},
		{`{"tools":["get_other"],"resources":["test://fixed"]}`, "get_other whoami", "write:* destructive:* escalating:* group:alpha:read", `{"tools": ["read:*"], "resources": ["*"]}`},
	} {
		got = gate.WhoAmIResult{}
		if err := json.Unmarshal([]byte(whoAmI(t, h, alice(t, c.granted))), &got); err != nil {
			t.Fatal(err)
		}
		if strings.Join(got.Tools, " ") != c.tools || strings.Join(got.Missing.Tools, " ") != c.missing || !strings.Contains(got.Missing.Grant, c.grant) || (got.Missing.Grant == "") != (c.grant == "") {
			t.Errorf("granted %s: got %+v, missing %+v", c.granted, got, got.Missing)
		}
	}
	records := h.audit.all()
	if records[0].By != "every identified caller" || !records[0].Allowed {
		t.Errorf("got %+v, want it recorded like every call", records[0])
	}
}

func TestWhoAmITakesNoArguments(t *testing.T) {
	h := newHarness(t)
	_, err := h.call(t.Context(), alice(t), "whoami", `{"as":"bob@example.com"}`)
	if got := code(t, err); got != failure.InvalidArgument || !strings.Contains(err.Error(), "call it without arguments") {
		t.Errorf("got %v, want the argument refused", err)
	}
}

// TestWhoAmIHasTheNotice: everybody is told what is the matter with this host.
func TestWhoAmIHasTheNotice(t *testing.T) {
	for _, notice := range []string{"", "changes are not offered"} {
		d := gate.NewDispatcher(gate.Options{
			Registry: tool.NewRegistry(grant.Classes(), tool.WhoAmI()), Audit: &memory{}, Log: slog.New(slog.DiscardHandler), Capability: capability,
			Host: func() gate.Host { return gate.Host{} }, Notice: notice,
		})
		out, err := d.Call(t.Context(), alice(t), gate.Request{ID: "r1", Method: "tools/call", Name: "whoami"})
		var got gate.WhoAmIResult
		if err != nil || json.Unmarshal(out.Structured, &got) != nil || got.Notice != notice {
			t.Errorf("got %s, %v, want the notice %q", out.Structured, err, notice)
		}
	}
}
