// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
	"tailscale-mcp/internal/tool"
)

// grants are callers from the least to the most.
var grants = []string{
	`{}`, `{"tools":["get_echo"]}`, reads, `{"tools":["group:beta"]}`, `{"tools":["group:beta:escalating"]}`, `{"tools":["*"]}`,
	`{"tools":["escalating:*"]}`, `{"resources":["*"]}`, `{"resources":["test://fixed"]}`, `{"resources":["test://thing"]}`,
	`{"resources":["test://thing/{id}"]}`, `{"resources":["test://thing/*"]}`, `{"resources":["test://thing/one"]}`,
	`{"resources":["test://*"]}`, `{"tools":["get_echo","get_other"],"resources":["test://fixed"]}`, everything,
}

// TestListedIsUsable: what is listed can be used and what is not cannot, for
// tools, resources, templates and prompts.
func TestListedIsUsable(t *testing.T) {
	whoamiPrompt := tool.Set{Prompts: []tool.Prompt{
		{Name: "who", Tools: []string{"whoami"}, Render: func(map[string]string) string { return "who" }},
		{Name: "free", Render: func(map[string]string) string { return "free" }},
	}}
	for _, entry := range grants {
		t.Run(entry, func(t *testing.T) {
			h := newHarness(t, whoamiPrompt)
			close(h.gate.open)
			c := alice(t, entry)
			listed := toolNames(h.Tools(c))
			for _, name := range toolNames(h.Snapshot().Tools()) {
				h.gate.arrived = make(chan struct{})
				_, err := h.call(t.Context(), c, name, `{}`)
				if got, want := code(t, err) != failure.AccessDenied, slices.Contains(listed, name); got != want {
					t.Errorf("tool %s: usable %v, listed %v", name, got, want)
				}
				if d, missing := h.Explain(c, name); d.Allowed != slices.Contains(listed, name) || (missing == "") != d.Allowed {
					t.Errorf("tool %s: explained as %+v and %q", name, d, missing)
				}
			}
			listed = promptNames(h.Prompts(c))
			for _, p := range h.Snapshot().Prompts() {
				_, err := h.Prompt(t.Context(), c, gate.Request{Name: p.Name}, map[string]string{"what": "x"})
				if got, want := code(t, err) != failure.AccessDenied, slices.Contains(listed, p.Name); got != want {
					t.Errorf("prompt %s: usable %v, listed %v", p.Name, got, want)
				}
				_, _, err = h.CompletePrompt(t.Context(), c, gate.Request{Name: p.Name}, "what", "")
				if got, want := code(t, err) != failure.AccessDenied, slices.Contains(listed, p.Name); got != want {
					t.Errorf("completing prompt %s: usable %v, listed %v", p.Name, got, want)
				}
			}
			listed = uris(h.Resources(c))
			for _, r := range h.Snapshot().Resources() {
				readable := false
				for _, uri := range []string{r.URI, "test://thing/one", "test://thing/two"} {
					if uri != r.URI && !r.Template() || uri == r.URI && r.Template() {
						continue
					}
					_, err := h.read(c, uri)
					readable = readable || err == nil
				}
				if want := slices.Contains(listed, r.URI); readable != want {
					t.Errorf("resource %s: readable %v, listed %v", r.URI, readable, want)
				}
				values, _, err := h.CompleteResource(t.Context(), c, gate.Request{Name: r.URI}, "")
				if want := slices.Contains(listed, r.URI); (err == nil) != want {
					t.Errorf("completing %s: got %q, error %v, listed %v", r.URI, values, err, want)
				}
				for _, v := range values {
					if _, err := h.read(c, "test://thing/"+v); err != nil {
						t.Errorf("completing %s: %q was offered, and reading it: %v", r.URI, v, err)
					}
				}
			}
		})
	}
}

// TestWhoMaySee is the same in the open: what some callers get to see.
func TestWhoMaySee(t *testing.T) {
	for _, tt := range []struct {
		entry                     string
		tools, resources, prompts []string
	}{
		{`{}`, []string{"whoami"}, nil, nil},
		{reads, []string{"get_echo", "get_gate", "get_other", "whoami"}, nil, []string{"ask"}},
		{`{"tools":["get_echo"]}`, []string{"get_echo", "whoami"}, nil, nil},
		{`{"tools":["group:beta"]}`, []string{"get_other", "whoami"}, nil, nil},
		{`{"tools":["create_key"]}`, []string{"create_key", "whoami"}, nil, nil},
		{`{"resources":["test://thing"]}`, []string{"whoami"}, []string{"test://thing/{+id}"}, nil},
		{`{"resources":["test://thing/one"]}`, []string{"whoami"}, []string{"test://thing/{+id}"}, nil},
		{`{"resources":["test://fixed"]}`, []string{"whoami"}, []string{"test://fixed"}, nil},
	} {
		h, c := newHarness(t), alice(t, tt.entry)
		if got := toolNames(h.Tools(c)); !slices.Equal(got, tt.tools) {
			t.Errorf("%s: got tools %q, want %q", tt.entry, got, tt.tools)
		}
		if got := uris(h.Resources(c)); !slices.Equal(got, tt.resources) {
			t.Errorf("%s: got resources %q, want %q", tt.entry, got, tt.resources)
		}
		if got := promptNames(h.Prompts(c)); !slices.Equal(got, tt.prompts) {
			t.Errorf("%s: got prompts %q, want %q", tt.entry, got, tt.prompts)
		}
	}
}

// TestPromptsOfWhatIsForEveryone: whoever may call every tool of a prompt may
// use the prompt.
func TestPromptsOfWhatIsForEveryone(t *testing.T) {
	h := newHarness(t, tool.Set{Prompts: []tool.Prompt{
		{Name: "who", Tools: []string{"whoami"}}, {Name: "who_and_echo", Tools: []string{"whoami", "get_echo"}}, {Name: "free"},
	}})
	for entry, want := range map[string][]string{
		`{}`:                     {"who"},
		`{"tools":["get_echo"]}`: {"free", "who", "who_and_echo"},
		`{"resources":["*"]}`:    {"free", "who"},
	} {
		if got := promptNames(h.Prompts(alice(t, entry))); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", entry, got, want)
		}
	}
}

// TestZeroCaller: whoami is for every identified caller, which nobody is not.
func TestZeroCaller(t *testing.T) {
	h := newHarness(t, tool.Set{Prompts: []tool.Prompt{{Name: "who", Tools: []string{"whoami"}}, {Name: "free"}}})
	var nobody caller.Caller
	if n := len(h.Tools(nobody)) + len(h.Resources(nobody)) + len(h.Prompts(nobody)); n != 0 {
		t.Errorf("nobody sees %d things", n)
	}
	_, err := h.call(t.Context(), nobody, "whoami", ``)
	if got := code(t, err); got != failure.AccessDenied {
		t.Errorf("got %q (%v), want %s", got, err, failure.AccessDenied)
	}
	// The operator needs no name of their own.
	if _, err := h.call(t.Context(), caller.Operator(""), "whoami", ``); err != nil {
		t.Errorf("the operator: got %v", err)
	}
}

// TestInstances: which URIs reach a member of a family, and which of them a
// grant of one, of the family or of everything allows.
func TestInstances(t *testing.T) {
	h := newHarness(t)
	one, family, below, all := alice(t, `{"resources":["test://thing/one"]}`), alice(t, `{"resources":["test://thing/{id}"]}`),
		alice(t, `{"resources":["test://thing/*"]}`), alice(t, `{"resources":["*"]}`)
	alias := alice(t, `{"resources":["test://thing"]}`)
	const (
		yes     = ""
		no      = failure.AccessDenied
		nothing = failure.UnknownName
	)
	for _, tt := range []struct {
		uri                            string
		one, family, alias, below, all string
		text                           string
	}{
		{"test://thing/one", yes, yes, yes, yes, yes, "thing one"},
		{"test://thing/two", no, yes, yes, yes, yes, "thing two"},
		{"test://thing/web.example.ts.net", no, yes, yes, yes, yes, "thing web.example.ts.net"},
		{"test://thing/fd7a:115c::1", no, yes, yes, yes, yes, "thing fd7a:115c::1"},
		{"test://thing/100%2564", no, no, no, no, yes, "thing 100%64"},
		// A member has one spelling: escaped otherwise, it is not there.
		{"test://thing/fd7a%3A115c%3A%3A1", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/%6fne", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/%6Fne", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/one%40two", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/a%3fb", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/one%20two", no, yes, yes, yes, yes, "thing one two"},
		{"test://thing/{id}", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/%7Bid%7D", no, no, no, no, yes, "thing {id}"},
		{"test://thing/*", no, no, no, no, yes, "thing *"},
		{"test://thing/...", no, no, no, no, yes, "thing ..."},
		{`test://thing/a\b`, nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/a%5Cb", no, no, no, no, yes, `thing a\b`},
		{"test://thing/a%3Fb", no, no, no, no, yes, "thing a?b"},
		{"test://thing/a;b", no, no, no, no, yes, "thing a;b"},
		{"test://thing/é", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/%C3%A9", no, no, no, no, yes, "thing é"},
		// What is not one decoded segment reaches nothing at all.
		{"test://thing", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/one/", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing//one", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/one/two", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/one%2ftwo", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/%2e%2e", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/..", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/.", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/..%2ffixed", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/one?x=1", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/one#x", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/%", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/%zz", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/%00", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/one%0a", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/one\n", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://thing/%ff", nothing, nothing, nothing, nothing, nothing, ""},
		{"TEST://thing/one", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://Thing/one", nothing, nothing, nothing, nothing, nothing, ""},
		{" test://thing/one", nothing, nothing, nothing, nothing, nothing, ""},
		{"test://fixed/../thing/one", nothing, nothing, nothing, nothing, nothing, ""},
	} {
		for _, by := range []struct {
			name string
			c    caller.Caller
			want string
		}{{"one", one, tt.one}, {"family", family, tt.family}, {"alias", alias, tt.alias}, {"below", below, tt.below}, {"all", all, tt.all}} {
			text, err := h.read(by.c, tt.uri)
			if got := code(t, err); got != by.want {
				t.Errorf("%q with %s: got %q, want %q", tt.uri, by.name, got, by.want)
			}
			if err == nil && text != tt.text {
				t.Errorf("%q with %s: got %q, want %q", tt.uri, by.name, text, tt.text)
			}
		}
	}
}

// TestRefusal: it names the grant that would help and the place it goes to.
func TestRefusal(t *testing.T) {
	h := newHarness(t)
	_, err := h.call(t.Context(), alice(t, `{}`), "create_key", `{}`)
	told.Check(t, err)
	want := `access_denied: alice@example.com on laptop.example.ts.net may not use the tool create_key on this host. Next step: ` +
		`an administrator of the tailnet adds this to "grants" in the tailnet policy file (https://login.tailscale.com/admin/acls/file):` + "\n"
	text, ok := strings.CutPrefix(err.Error(), want)
	if !ok {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	var got any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	suggested := map[string]any{
		"src": []any{"alice@example.com"}, "dst": []any{"tag:mcp"}, "ip": []any{"tcp:8080"},
		"app": map[string]any{capability: []any{map[string]any{"tools": []any{"create_key"}}}},
	}
	if diff := cmp.Diff(any(suggested), got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestRefusalHelps: following it makes the call possible, and nothing wider is
// ever suggested than what was asked for.
func TestRefusalHelps(t *testing.T) {
	h := newHarness(t)
	c := alice(t, `{}`)
	tagged := caller.Caller{Tags: []string{"tag:ci", "tag:web"}, NodeID: "nRunner", Node: "runner"}
	type attempt func(c caller.Caller) error
	attempts := map[string]attempt{
		"prompt ask": func(c caller.Caller) error {
			_, err := h.Prompt(t.Context(), c, gate.Request{Name: "ask"}, map[string]string{"what": "x"})
			return err
		},
		"completing the prompt ask": func(c caller.Caller) error {
			_, _, err := h.CompletePrompt(t.Context(), c, gate.Request{Name: "ask"}, "what", "")
			return err
		},
		"completing a family": func(c caller.Caller) error {
			_, _, err := h.CompleteResource(t.Context(), c, gate.Request{Name: "test://thing/{+id}"}, "")
			return err
		},
	}
	for _, name := range []string{"get_echo", "set_echo", "delete_echo", "create_key"} {
		attempts["tool "+name] = func(c caller.Caller) error {
			_, err := h.call(t.Context(), c, name, `{}`)
			return err
		}
	}
	for _, uri := range []string{"test://fixed", "test://thing/one", "test://thing/a:b@c", "test://thing/a;b", "test://thing/one%20two"} {
		attempts["resource "+uri] = func(c caller.Caller) error {
			_, err := h.read(c, uri)
			return err
		}
	}
	for name, try := range attempts {
		for _, who := range []caller.Caller{c, tagged} {
			err := try(who)
			if got := code(t, err); got != failure.AccessDenied {
				t.Fatalf("%s: got %q, want %s", name, got, failure.AccessDenied)
			}
			for _, p := range who.Principals() {
				if !strings.Contains(err.Error(), fmt.Sprintf("%q", p)) {
					t.Errorf("%s: got %v, want %q in it", name, err, p)
				}
			}
			_, text, _ := strings.Cut(err.Error(), "acls/file):\n")
			var suggested struct {
				App map[string][]json.RawMessage `json:"app"`
			}
			if err := json.Unmarshal([]byte(text), &suggested); err != nil || len(suggested.App[capability]) != 1 {
				t.Fatalf("%s: got the grant %s, error %v; want one entry", name, text, err)
			}
			entry := string(suggested.App[capability][0])
			rules, perr := grant.Parse([]string{entry})
			if perr != nil {
				t.Fatalf("%s: the suggested entry: %v", name, perr)
			}
			with := who
			with.Rules = rules
			if err := try(with); err != nil {
				t.Errorf("%s: with the suggested grant: %v", name, err)
			}
			if rules.Resource(grant.Resource{URI: "test://other"}).Allowed || rules.Tool(grant.Tool{Name: "other", Group: "alpha", Class: grant.Read}).Allowed {
				t.Errorf("%s: the suggested grant %s allows more than was asked for", name, rules)
			}
		}
	}
}

// TestRefusalSuggestsNothingWide: a client that asks for what reads as a wider
// selector is not handed one to be pasted.
func TestRefusalSuggestsNothingWide(t *testing.T) {
	h := newHarness(t)
	for _, uri := range []string{"test://thing/*", "test://thing/a*", "test://thing/" + strings.Repeat("x", 2000)} {
		_, err := h.read(alice(t, `{"resources":["test://fixed"]}`), uri)
		if got := code(t, err); got != failure.AccessDenied {
			t.Fatalf("%.40q: got %q, want %s", uri, got, failure.AccessDenied)
		}
		told.Check(t, err)
		if strings.Contains(err.Error(), `"app"`) || !strings.Contains(err.Error(), "call whoami") {
			t.Errorf("%.40q: got %v, want no grant and another next step", uri, err)
		}
	}
}

// TestRefusalIsBlind: it is the same whether or not there is such a thing
// upstream, which is not asked.
func TestRefusalIsBlind(t *testing.T) {
	asked := false
	h := newHarness(t, tool.Set{Resources: []tool.Resource{{
		URI:      "own://x/{id}",
		Read:     func(context.Context, string) (string, error) { asked = true; return "", nil },
		Complete: func(context.Context, string) ([]string, error) { asked = true; return nil, nil },
	}}})
	c := alice(t, `{"resources":["test://fixed"]}`)
	_, err1 := h.read(c, "own://x/there")
	_, err2 := h.read(c, "own://x/not-there")
	_, _, err3 := h.CompleteResource(t.Context(), c, gate.Request{Name: "own://x/{id}"}, "")
	if code(t, err3) != failure.AccessDenied || strings.ReplaceAll(err1.Error(), "there", "not-there") != err2.Error() {
		t.Errorf("got %v, %v and %v, want the same refusal", err1, err2, err3)
	}
	if asked {
		t.Error("upstream was asked before the refusal")
	}
}
