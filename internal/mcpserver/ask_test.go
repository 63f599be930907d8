// SPDX-License-Identifier: MIT

package mcpserver

import (
	"encoding/json"
	"strings"
	"testing"
)

// A change is made when its name is repeated and, where the client can ask, the
// person has said yes to that very question.
func TestPersonIsAsked(t *testing.T) {
	b := newBench(t)
	b.grant("alice@example.com", `{"tools":["*"]}`)
	b.grant("bob@example.com", `{"tools":["*"]}`)
	call := func(c *client, text, confirm string, responses map[string]any) (kind, told, key string) {
		t.Helper()
		params := map[string]any{"name": "delete_asked", "arguments": map[string]any{"text": text, "confirm": confirm}}
		if responses != nil {
			params["inputResponses"] = responses
		}
		r := c.do(t, c.request(t.Context(), 1, "tools/call", params))
		var result struct {
			ResultType    string
			InputRequests map[string]struct{ Params struct{ Message string } }
			Content       []struct{ Text string }
		}
		if err := json.Unmarshal(r.Result, &result); err != nil {
			t.Fatalf("%v in %s", err, r.body)
		}
		for k, q := range result.InputRequests {
			return result.ResultType, q.Params.Message, k
		}
		return result.ResultType, result.Content[0].Text, ""
	}
	yes := func(key string, wanted any) map[string]any {
		return map[string]any{key: map[string]any{"action": "accept", "content": map[string]any{"wanted": wanted}}}
	}
	cannot, alice, bob := b.alice(t, modern), b.alice(t, modern), b.bob(t, modern)
	alice.asks, bob.asks = true, true

	for _, c := range []*client{cannot, b.alice(t, "2025-11-25")} {
		if _, told, _ := call(c, "web", "", nil); !strings.Contains(told, "confirmation_required") || !strings.Contains(told, `confirm set to "web"`) {
			t.Errorf("without confirm: got %q", told)
		}
		if _, told, _ := call(c, "web", "web", nil); !strings.Contains(told, "deleted web") {
			t.Errorf("a client that cannot ask: got %q", told)
		}
	}
	kind, question, key := call(alice, "web", "web", nil)
	if kind != "input_required" || !strings.Contains(question, "deletes web") || key == "" {
		t.Fatalf("got %s %q, want the person asked", kind, question)
	}
	for _, c := range []struct {
		name      string
		from      *client
		text      string
		responses map[string]any
		want      string // empty: asked again
	}{
		{"yes", alice, "web", yes(key, true), "deleted web"},
		{"no", alice, "web", yes(key, false), "does not want it"},
		{"yes in words", alice, "web", yes(key, "true"), "does not want it"},
		{"closed", alice, "web", map[string]any{key: map[string]any{"action": "cancel"}}, "does not want it"},
		{"nonsense", alice, "web", map[string]any{key: "yes"}, "does not want it"},
		{"for another thing", alice, "db", yes(key, true), ""},
		{"of another person", bob, "web", yes(key, true), ""},
		{"made up", alice, "web", yes("confirm", true), ""},
	} {
		kind, told, _ := call(c.from, c.text, c.text, c.responses)
		if c.want == "" {
			if kind != "input_required" {
				t.Errorf("%s: got %s %q, want the person asked", c.name, kind, told)
			}
		} else if !strings.Contains(told, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, told, c.want)
		}
	}
}
