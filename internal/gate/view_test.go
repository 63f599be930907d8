// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/tool"
)

// shown is what d lists for c, in one line.
func shown(d *gate.Dispatcher, c caller.Caller) string {
	all := append(toolNames(d.Tools(c)), names(d.Resources(c), func(r gate.Resource) string { return r.URI })...)
	return strings.Join(append(all, names(d.Prompts(c), func(p gate.Prompt) string { return p.Name })...), " ")
}

// A view narrows what is listed and what can be called, alike, and gives nothing that is
// not granted.
func TestViews(t *testing.T) {
	h := newHarness(t, tool.Set{Resources: []tool.Resource{{URI: "own://status", Name: "status", MIMEType: "text/plain", Read: func(context.Context, string) (string, error) { return "up", nil }}}})
	for _, c := range []struct {
		granted string
		groups  []string
		want    string
	}{
		{everything, nil, "create_key delete_echo get_echo get_gate get_other set_echo set_gate whoami own://status test://fixed test://thing/{+id} ask"},
		{everything, []string{"alpha"}, "delete_echo get_echo get_gate set_echo set_gate whoami own://status test://fixed test://thing/{+id}"},
		{everything, []string{"beta"}, "create_key get_other whoami own://status"},
		{everything, []string{"beta", "alpha", "beta"}, "create_key delete_echo get_echo get_gate get_other set_echo set_gate whoami own://status test://fixed test://thing/{+id} ask"},
		{reads, []string{"beta"}, "get_other whoami"},
		{`{"tools":["get_echo"]}`, []string{"beta"}, "whoami"},
		{`{}`, []string{"beta"}, "whoami"},
	} {
		who, d := alice(t, c.granted), h.Showing(gate.NewView(c.groups...))
		if got := shown(d, who); got != c.want {
			t.Errorf("%s %v: got %s, want %s", c.granted, c.groups, got, c.want)
		}
		listed := toolNames(d.Tools(who))
		for _, v := range h.Snapshot().Tools() {
			if strings.HasSuffix(v.Name, "_gate") {
				continue // it would wait
			}
			_, err := d.Call(t.Context(), who, gate.Request{Name: v.Name, Arguments: json.RawMessage(`{}`)})
			if can := err == nil; can != slices.Contains(listed, v.Name) {
				t.Errorf("%s %v: %s can be called: %v, %v", c.granted, c.groups, v.Name, can, err)
			}
		}
	}
}

// Who asks for what the view leaves out is told that the client asked for less.
func TestOutsideOfAView(t *testing.T) {
	h := newHarness(t)
	d, who := h.Showing(gate.NewView("beta")), alice(t, everything)
	_, err := d.Call(t.Context(), who, gate.Request{Name: "set_echo", Arguments: json.RawMessage(`{}`)})
	if code(t, err) != failure.NotOffered || !strings.Contains(err.Error(), "the tool set_echo is left out, because this client asks for the group beta only") {
		t.Errorf("calling: %v", err)
	}
	_, _, err = d.Read(t.Context(), who, gate.Request{Name: "test://fixed"})
	if code(t, err) != failure.UnknownName || !strings.Contains(err.Error(), "the group beta only") {
		t.Errorf("reading: %v", err)
	}
	_, err = d.Prompt(t.Context(), who, gate.Request{Name: "ask"}, map[string]string{"what": "x"})
	if code(t, err) != failure.UnknownName || !strings.Contains(err.Error(), "the group beta only") {
		t.Errorf("prompting: %v", err)
	}
	_, _, err = d.CompleteResource(t.Context(), who, gate.Request{Name: "test://thing/{+id}"}, "o")
	if code(t, err) != failure.UnknownName {
		t.Errorf("completing: %v", err)
	}
	if n := d.Weight(who, "set_echo"); n != 1 {
		t.Errorf("it weighs %d", n)
	}
	for _, r := range h.audit.all() {
		if r.Allowed {
			t.Errorf("on record as allowed: %+v", r)
		}
	}
	out, err := d.Call(t.Context(), who, gate.Request{Name: "whoami", Arguments: json.RawMessage(`{}`)})
	var told gate.WhoAmIResult
	if err != nil || json.Unmarshal(out.Structured, &told) != nil || !slices.Equal(told.Groups, []string{"beta"}) {
		t.Errorf("whoami: %s, %v", out.Structured, err)
	}
	if len(told.NotOffered) > 0 {
		t.Errorf("whoami: got %q as not offered, want nothing: the host offers it", told.NotOffered)
	}
}

// A client that asks for one combination after the other is answered, and fills nothing.
func TestViewsAreBounded(t *testing.T) {
	now := newHarness(t).Snapshot()
	first := now.Of(gate.NewView("alpha"))
	if now.Of(gate.NewView("alpha", "alpha")) != first || now.Of(gate.View{}) != now {
		t.Error("the same view is made twice")
	}
	for i := range 100 {
		if n := len(now.Of(gate.NewView("alpha", strings.Repeat("x", i+1))).Tools()); n != 6 {
			t.Fatalf("%d tools", n)
		}
		if n := gate.KeptViews(now); n > 32 {
			t.Fatalf("%d views are kept", n)
		}
	}
}

// What whoami proposes is pasted: a client that asks for less has no more proposed.
func TestViewProposesNoMore(t *testing.T) {
	h := newHarness(t)
	out, err := h.Showing(gate.NewView("alpha")).Call(t.Context(), alice(t, `{"tools":["get_other"]}`), gate.Request{Name: "whoami", Arguments: json.RawMessage(`{}`)})
	var told gate.WhoAmIResult
	if err != nil || json.Unmarshal(out.Structured, &told) != nil || told.Missing == nil {
		t.Fatalf("whoami: %s, %v", out.Structured, err)
	}
	got := told.Missing.Grant
	if !strings.Contains(got, `"group:alpha:read"`) || strings.Contains(got, "read:*") || strings.Contains(got, `["*"]`) || !strings.Contains(got, `"test://fixed"`) {
		t.Errorf("got %s", got)
	}
}
