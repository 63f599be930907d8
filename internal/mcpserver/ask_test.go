// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/tooltest"
)

// A change is made when the person has said yes to that very question, and the
// first call asks. A client that cannot ask is handed a code.
func TestPersonIsAsked(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	b.grant("bob@example.com", `{"tools":["*"]}`)
	call := func(c *client, arguments, responses map[string]any) (kind, told, key string) {
		t.Helper()
		params := map[string]any{"name": "delete_asked", "arguments": arguments}
		if responses != nil {
			params["inputResponses"] = responses
		}
		r := c.do(t, c.request(t.Context(), 1, "tools/call", params))
		var result struct {
			ResultType    string
			InputRequests map[string]struct {
				Params struct {
					Message         string
					RequestedSchema struct{ Required []string }
				}
			}
			Content []struct{ Text string }
		}
		if err := json.Unmarshal(r.Result, &result); err != nil {
			t.Fatalf("%v in %s", err, r.body)
		}
		for k, q := range result.InputRequests {
			if len(q.Params.RequestedSchema.Required) > 0 {
				t.Errorf("got %+v, want no field that is required", q)
			}
			return result.ResultType, q.Params.Message, k
		}
		return result.ResultType, result.Content[0].Text, ""
	}
	of := func(text string) map[string]any { return map[string]any{"text": text} }
	accepted := func(key string, content any) map[string]any {
		return map[string]any{key: map[string]any{"action": "accept", "content": content}}
	}
	says := func(wanted any) map[string]any { return map[string]any{"wanted": wanted} }
	cannot, alice, bob := b.alice(t, modern), b.alice(t, modern), b.bob(t, modern)
	alice.asks, bob.asks = true, true

	var code string
	for _, c := range []*client{cannot, b.alice(t, "2025-11-25")} {
		_, told, _ := call(c, map[string]any{"text": "web", "confirm": "web"}, nil)
		if code = tooltest.CodeOf(errors.New(told)); code == "" || !strings.Contains(told, "deletes web") {
			t.Errorf("with the name: got %q, want a code", told)
		}
		if _, told, _ := call(c, map[string]any{"text": "web", "confirm": code}, nil); !strings.Contains(told, "deleted web") {
			t.Errorf("a client that cannot ask: got %q", told)
		}
	}
	_, told, _ := call(cannot, of("web"), nil)
	code = tooltest.CodeOf(errors.New(told))
	if kind, told, _ := call(alice, map[string]any{"text": "web", "confirm": code}, nil); kind != "input_required" {
		t.Errorf("with a code that another client was handed: got %s %q, want the person asked", kind, told)
	}
	for _, c := range []struct {
		name    string
		from    *client
		text    string
		answer  func(key string) map[string]any
		want    string // empty: asked again
		outdone bool   // the question is answered with that
	}{
		{"yes", alice, "web", func(key string) map[string]any { return accepted(key, map[string]any{}) }, "deleted web", true},
		{"yes, and nothing with it", alice, "web", func(key string) map[string]any { return map[string]any{key: map[string]any{"action": "accept"}} }, "deleted web", true},
		{"yes, in the form of before", alice, "web", func(key string) map[string]any { return accepted(key, says(true)) }, "deleted web", true},
		{"yes to no", alice, "web", func(key string) map[string]any { return accepted(key, says(false)) }, "does not want it", true},
		{"yes in words", alice, "web", func(key string) map[string]any { return accepted(key, says("true")) }, "does not want it", true},
		{"no", alice, "web", func(key string) map[string]any { return map[string]any{key: map[string]any{"action": "decline"}} }, "does not want it", true},
		{"closed", alice, "web", func(key string) map[string]any { return map[string]any{key: map[string]any{"action": "cancel"}} }, "does not want it", true},
		{"nonsense", alice, "web", func(key string) map[string]any { return map[string]any{key: "yes"} }, "does not want it", true},
		{"for another thing", alice, "db", func(key string) map[string]any { return accepted(key, nil) }, "", false},
		{"of another person", bob, "web", func(key string) map[string]any { return accepted(key, nil) }, "", false},
		{"made up", alice, "web", func(string) map[string]any { return accepted("confirm", nil) }, "", false},
	} {
		kind, question, key := call(alice, of("web"), nil)
		if kind != "input_required" || !strings.Contains(question, "deletes web") || key == "" {
			t.Fatalf("%s: got %s %q, want the person asked at the first call", c.name, kind, question)
		}
		kind, told, _ := call(c.from, of(c.text), c.answer(key))
		if c.want == "" {
			if kind != "input_required" {
				t.Errorf("%s: got %s %q, want the person asked", c.name, kind, told)
			}
		} else if !strings.Contains(told, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, told, c.want)
		}
		kind, told, again := call(alice, of("web"), accepted(key, nil))
		if c.outdone && (kind != "input_required" || again == key) {
			t.Errorf("%s, and then yes to the same question: got %s %q, want the person asked anew", c.name, kind, told)
		}
		if !c.outdone && !strings.Contains(told, "deleted web") {
			t.Errorf("%s: got %q for the right answer, which nobody has used", c.name, told)
		}
	}
}
