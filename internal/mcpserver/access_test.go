// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/grant"
)

// complete asks for completions and returns the values, or the refusal.
func (c *client) complete(t testing.TB, ref map[string]any, argument, prefix string) (values []string, r reply) {
	t.Helper()
	r = c.do(t, c.request(t.Context(), 1, "completion/complete", map[string]any{
		"ref": ref, "argument": map[string]any{"name": argument, "value": prefix},
	}))
	var result struct {
		Completion struct {
			Values  []string
			Total   *int
			HasMore bool
		}
	}
	if r.Result != nil {
		if err := json.Unmarshal(r.Result, &result); err != nil || result.Completion.Values == nil {
			t.Fatalf("completion: %s", r.body)
		}
	}
	return result.Completion.Values, r
}

func prompt(name string) map[string]any  { return map[string]any{"type": "ref/prompt", "name": name} }
func template(uri string) map[string]any { return map[string]any{"type": "ref/resource", "uri": uri} }

// TestDenied: a JSON-RPC error with the code 403 and a fixed code in data, and
// status 200 in both eras, since the request was in order.
func TestDenied(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		b.grant("alice@example.com", `{"tools":["get_echo"]}`) // of the prompt's two tools
		alice := b.alice(t, revision)
		for _, c := range []struct {
			method string
			params map[string]any
			names  string // what the refusal names to ask for
		}{
			{"resources/read", map[string]any{"uri": "test://fixed"}, `"test://fixed"`},
			{"resources/read", map[string]any{"uri": "test://thing/one"}, `"test://thing/one"`},
			{"resources/read", map[string]any{"uri": "test://thing/none"}, `"test://thing/none"`}, // whether it exists upstream is not told
			{"resources/read", map[string]any{"uri": "test://thing/a%20b"}, `"test://thing/a%20b"`},
			{"prompts/get", map[string]any{"name": "ask", "arguments": map[string]any{"what": "x"}}, `"get_other"`},
			{"prompts/get", map[string]any{"name": "ask"}, `"get_other"`}, // before the arguments are looked at
			{"completion/complete", map[string]any{"ref": prompt("ask"), "argument": map[string]any{"name": "what", "value": ""}}, `"get_other"`},
			{"completion/complete", map[string]any{"ref": template("test://thing/{id}"), "argument": map[string]any{"name": "id", "value": ""}}, `test://thing/{id}`},
		} {
			r := alice.do(t, alice.request(t.Context(), 4, c.method, c.params))
			r.refused(t, 200, 403, "4")
			if string(r.Error.Data) != `{"code":"access_denied"}` || !strings.HasPrefix(r.Error.Message, "access_denied: alice@example.com on alice-laptop") ||
				!strings.Contains(r.Error.Message, `"tag:mcp"`) || !strings.Contains(r.Error.Message, c.names) {
				t.Errorf("%s %v: %s", c.method, c.params, r.body)
			}
		}
		// A refusal must not be a lure: asked for "everything", it offers less.
		r := alice.do(t, alice.request(t.Context(), 4, "resources/read", map[string]any{"uri": "test://thing/*"}))
		if strings.Contains(r.body, `test://thing/*\"]`) {
			t.Errorf("a refusal offers a grant of everything: %s", r.body)
		}
	})
}

func TestUnknownNames(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t, func(o *setup) { o.ceiling = []grant.Class{grant.Read, grant.Write} })
		b.grant("alice@example.com", `{"tools":["*","escalating:*"],"resources":["*"]}`)
		alice := b.alice(t, revision)
		status, missing := 200, -32002
		if revision == modern {
			status, missing = 400, -32602
		}
		for _, c := range []struct {
			method string
			params map[string]any
			code   int
		}{
			{"tools/call", map[string]any{"name": "get_nothing"}, -32602},
			{"tools/call", map[string]any{"name": ""}, -32602},
			{"tools/call", map[string]any{"name": "*"}, -32602},
			{"tools/call", map[string]any{"name": "get_echo\x00"}, -32602},
			{"tools/call", map[string]any{"name": "create_key"}, -32602}, // above the host's ceiling: not there
			{"tools/call", map[string]any{"name": "delete_echo"}, -32602},
			{"resources/read", map[string]any{"uri": "test://nothing"}, missing},
			{"resources/read", map[string]any{"uri": ""}, missing},
			{"resources/read", map[string]any{"uri": "file:///etc/shadow"}, missing},
			{"resources/read", map[string]any{"uri": "test://thing/"}, missing},
			{"resources/read", map[string]any{"uri": "test://thing/.."}, missing},
			{"resources/read", map[string]any{"uri": "test://thing/%2e%2e"}, missing},
			{"resources/read", map[string]any{"uri": "test://thing/a/b"}, missing},
			{"resources/read", map[string]any{"uri": "test://thing/a%2Fb"}, missing},
			{"resources/read", map[string]any{"uri": "test://thing/%zz"}, missing},
			{"resources/read", map[string]any{"uri": "test://thing/one?x"}, missing},
			{"resources/read", map[string]any{"uri": "test://thing/{id}"}, missing},
			{"resources/read", map[string]any{"uri": "TEST://fixed"}, missing},
			{"prompts/get", map[string]any{"name": "tell"}, -32602},
			{"completion/complete", map[string]any{"ref": prompt("tell"), "argument": map[string]any{"name": "x", "value": ""}}, -32602},
			{"completion/complete", map[string]any{"ref": template("test://nothing/{id}"), "argument": map[string]any{"name": "id", "value": ""}}, -32602},
		} {
			if revision == modern && (c.params["name"] == "" || c.params["uri"] == "") {
				continue // cannot be asked for: the header with the name is missing
			}
			t.Run(fmt.Sprint(c.method, c.params), func(t *testing.T) {
				b.audit.Forget()
				r := alice.do(t, alice.request(t.Context(), 4, c.method, c.params))
				r.refused(t, status, c.code, "4")
				if c.params["uri"] == nil && (!strings.HasPrefix(r.Error.Message, "unknown_name: ") || !strings.Contains(r.Error.Message, "Next step: list the ")) {
					t.Errorf("%s, want the next step", r.Error.Message)
				}
				if uri, ok := c.params["uri"]; ok && string(r.Error.Data) != mustText(map[string]any{"uri": uri}) {
					t.Errorf("data %s, want the URI", r.Error.Data)
				}
				if got := b.audit.Records(); len(got) != 1 || got[0].Allowed || got[0].Login != "alice@example.com" {
					t.Errorf("records %+v, want one refusal", got)
				}
			})
		}
	})
}

func mustText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

func TestCompletionStaysWithinTheGrant(t *testing.T) {
	bothEras(t, func(t *testing.T, revision string) {
		b := newBench(t)
		alice := b.alice(t, revision)
		for _, c := range []struct {
			grant  string
			prefix string
			want   []string
		}{
			{`{"resources":["*"]}`, "", []string{"one", "only", "two"}},
			{`{"resources":["test://thing"]}`, "o", []string{"one", "only"}},
			{`{"resources":["test://thing/one"]}`, "", []string{"one"}},
			{`{"resources":["test://thing/one"]}`, "t", []string{}},
			{`{"resources":["test://thing/other"]}`, "", []string{}},
		} {
			b.grant("alice@example.com", c.grant)
			if got, r := alice.complete(t, template("test://thing/{id}"), "id", c.prefix); !slices.Equal(got, c.want) {
				t.Errorf("%s: %q completes to %q, want %q: %s", c.grant, c.prefix, got, c.want, r.body)
			}
		}
		b.grant("alice@example.com", `{"tools":["*"],"resources":["*"]}`)
		if got, _ := alice.complete(t, prompt("ask"), "what", "x"); !slices.Equal(got, []string{"x!"}) {
			t.Errorf("a prompt's argument completes to %q", got)
		}
		for _, argument := range []string{"how", "nothing"} { // has nothing to offer; is none
			if got, _ := alice.complete(t, prompt("ask"), argument, "x"); len(got) != 0 {
				t.Errorf("argument %s completes to %q", argument, got)
			}
		}
		if got, _ := alice.complete(t, template("test://fixed"), "id", ""); len(got) != 0 {
			t.Errorf("a fixed resource completes to %q", got)
		}
	})
}

// TestListedIsUsable: over random grants and ceilings, what is listed can be
// used, and what can be used is listed, and whoami says the same.
func TestListedIsUsable(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	pick := func(from []string) []string {
		out := []string{}
		for range random.IntN(4) {
			out = append(out, from[random.IntN(len(from))])
		}
		return out
	}
	toolSelectors := []string{
		"*", "read:*", "write:*", "destructive:*", "escalating:*", "group:alpha", "group:beta", "group:gamma", "group:alpha:read",
		"group:beta:escalating", "get_echo", "get_other", "set_echo", "create_key", "get_nothing",
	}
	resourceSelectors := []string{
		"*", "test://*", "test://thing/*", "test://thing", "test://thing/{id}", "test://thing/one", "test://thing/weird%20one", "test://fixed", "test://nothing",
	}
	for range 40 {
		ceiling := slices.DeleteFunc(grant.Classes(), func(c grant.Class) bool { return c != grant.Read && random.IntN(3) == 0 })
		entries := []string{}
		for range random.IntN(3) {
			entries = append(entries, fmt.Sprintf(`{"tools":%s,"resources":%s}`, mustText(pick(toolSelectors)), mustText(pick(resourceSelectors))))
		}
		what := fmt.Sprintf("ceiling %v, grants %v", ceiling, entries)
		b := newBench(t, func(o *setup) { o.ceiling = ceiling })
		b.grant("alice@example.com", entries...)
		alice := b.alice(t, []string{legacy, modern}[random.IntN(2)])
		b.listedIsUsable(t, alice, what)
		if t.Failed() {
			return
		}
	}
}

func (b *bench) listedIsUsable(t *testing.T, c *client, what string) {
	t.Helper()
	agree := func(kind, name string, listed, usable bool) {
		if listed != usable {
			t.Errorf("%s: %s %s is listed: %v, usable: %v", what, kind, name, listed, usable)
		}
	}
	tools, prompts := c.list(t, "tools/list"), c.list(t, "prompts/list")
	resources, templates := c.list(t, "resources/list"), c.list(t, "resources/templates/list")
	for _, candidate := range b.tools.Set().Tools {
		// An argument that no tool has is refused after the decision, so
		// nothing runs.
		r := c.do(t, c.request(t.Context(), 1, "tools/call", map[string]any{"name": candidate.Name, "arguments": map[string]any{"nothing": 1}}))
		usable := strings.Contains(r.body, "invalid_argument: there is no argument")
		if !usable && !strings.Contains(r.body, "access_denied: ") && !(r.Error != nil && r.Error.Code == -32602) {
			t.Errorf("%s: calling %s: %s", what, candidate.Name, r.body)
		}
		agree("tool", candidate.Name, slices.Contains(tools, candidate.Name), usable)
	}
	readable := func(uri string) bool {
		return c.do(t, c.request(t.Context(), 1, "resources/read", map[string]any{"uri": uri})).Result != nil
	}
	agree("resource", "test://fixed", slices.Contains(resources, "test://fixed"), readable("test://fixed"))
	offered, r := c.complete(t, template("test://thing/{id}"), "id", "")
	some := readable("test://thing/weird%20one")
	for _, id := range []string{"one", "only", "two"} {
		ok := readable("test://thing/" + id)
		some = some || ok
		agree("completion", id, slices.Contains(offered, id), ok)
	}
	listed := slices.Contains(templates, "test://thing/{id}")
	agree("template", "test://thing/{id}", listed, some)
	agree("completion of", "test://thing/{id}", listed, r.Result != nil)

	got := c.do(t, c.request(t.Context(), 1, "prompts/get", map[string]any{"name": "ask", "arguments": map[string]any{"what": "x"}}))
	agree("prompt", "ask", slices.Contains(prompts, "ask"), got.Result != nil)
	_, r = c.complete(t, prompt("ask"), "what", "x")
	agree("completion of", "ask", slices.Contains(prompts, "ask"), r.Result != nil)

	text, _ := c.call(t, "whoami", nil)
	var me struct{ Tools, Resources, Prompts []string }
	if err := json.Unmarshal([]byte(text), &me); err != nil {
		t.Fatalf("whoami: %s", text)
	}
	rules, err := grant.Parse([]string{mustText(map[string]any{"tools": me.Tools})})
	if err != nil {
		t.Fatalf("%s: whoami's tools %q are no entry of a grant: %v", what, me.Tools, err)
	}
	now := b.o.Dispatcher.Snapshot()
	for _, offered := range now.Tools() {
		agree("whoami's tool", offered.Name, rules.Tool(offered.Granted()).Allowed, slices.Contains(tools, offered.Name))
	}
	all := slices.Sorted(slices.Values(append(resources, templates...)))
	if len(all) > 1 && len(all) == len(now.Resources()) {
		all = []string{"*"}
	}
	if !slices.Equal(me.Resources, all) || !slices.Equal(me.Prompts, prompts) {
		t.Errorf("%s: whoami says %s, listed are %q, %q and %q", what, text, tools, all, prompts)
	}
	if ran := b.tools.Ran(); len(ran) != 0 {
		t.Errorf("%s: tools ran: %v", what, ran)
	}
}
