// SPDX-License-Identifier: MIT

package gateway_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/grant"
)

// TestConfirm: for the classes that an entry names, the person is asked with tool and
// arguments, and a yes is for that call alone; a client that cannot ask is refused; what a
// tool takes stays as it was approved.
func TestConfirm(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", `{"confirm":["destructive","read"]}`)
	b.approve(t, "odd", map[string]grant.Class{"echo": grant.Read, "count": grant.Write})
	b.grant("alice@example.com", `{"tools":["odd/*"]}`)
	b.grant("bob@example.com", `{"tools":["odd/*"]}`)
	alice, bob := b.alice(), b.bob()
	_, started := b.Running()

	// Nobody asks: neither an older client nor a newer one without elicitation.
	for _, modern := range []bool{false, true} {
		alice.modern = modern
		for _, tool := range []string{"who", "echo"} {
			if got := alice.call(t, "odd", tool, map[string]any{"confirm": "yes"}); !strings.Contains(got, "confirmation_required") || !strings.Contains(got, "cannot ask its person") {
				t.Errorf("%s (modern %v): %s", tool, modern, got)
			}
		}
	}
	if _, n := b.Running(); n != started {
		t.Errorf("%d processes were started for calls that nobody has agreed to", n-started)
	}
	if got := alice.call(t, "odd", "count", nil); !strings.Contains(got, "1 of") {
		t.Errorf("a class that is not named: %s", got)
	}
	if _, list := alice.post(t.Context(), t, "odd", "tools/list", nil); strings.Contains(list, "confirm") {
		t.Errorf("listed: %s", list)
	}

	alice.modern, bob.modern = true, true
	call := func(c client, tool string, arguments, answers map[string]any) (text, key, question string) {
		t.Helper()
		params := map[string]any{"name": tool, "arguments": arguments, "_meta": map[string]any{
			"io.modelcontextprotocol/clientCapabilities": map[string]any{"elicitation": map[string]any{}},
		}}
		if answers != nil {
			params["inputResponses"] = answers
		}
		_, text = c.post(t.Context(), t, "odd", "tools/call", params)
		var answer struct {
			Result struct {
				InputRequests map[string]struct{ Params struct{ Message string } }
			}
		}
		if err := json.Unmarshal([]byte(text), &answer); err != nil {
			t.Fatal(err)
		}
		for k, q := range answer.Result.InputRequests {
			key, question = k, q.Params.Message
		}
		return text, key, question
	}
	yes := func(key string) map[string]any {
		return map[string]any{key: map[string]any{"action": "accept", "content": map[string]any{}}}
	}
	arguments := map[string]any{"path": "/srv/x\u202e", "confirm": "a"}
	for _, tool := range []string{"who", "echo"} {
		_, key, question := call(alice, tool, arguments, nil)
		for _, want := range []string{"calls the tool " + tool + " of the server odd", `"path":"/srv/x\\u202e"`, `"confirm":"a"`} {
			if !strings.Contains(question, want) {
				t.Errorf("asked %q, want %q in it", question, want)
			}
		}
		// Not for other arguments, nor for another caller.
		if text, again, _ := call(alice, tool, map[string]any{"path": "/srv/x\u202e", "confirm": "b"}, yes(key)); again == "" {
			t.Errorf("yes to other arguments: %s", text)
		}
		_, key, _ = call(alice, tool, arguments, nil)
		if text, again, _ := call(bob, tool, arguments, yes(key)); again == "" {
			t.Errorf("yes of another: %s", text)
		}
		if text, again, _ := call(alice, tool, arguments, yes(key)); again != "" || strings.Contains(text, "confirmation_required") || !strings.Contains(text, `"content"`) {
			t.Errorf("yes: %s", text)
		}
		if text, again, _ := call(alice, tool, arguments, yes(key)); again == "" {
			t.Errorf("the same yes again: %s", text)
		}
		_, key, _ = call(alice, tool, arguments, nil)
		if text, again, _ := call(alice, tool, arguments, map[string]any{key: map[string]any{"action": "decline"}}); again != "" || !strings.Contains(text, "does not want it") {
			t.Errorf("no: %s", text)
		}
	}
	// What is too long to be shown is said to be, and bound all the same.
	long := map[string]any{"a": strings.Repeat("x", 5000), "b": "one"}
	_, key, question := call(alice, "who", long, nil)
	if !strings.Contains(question, "with 5018 bytes of arguments") || len(question) > 3000 {
		t.Errorf("asked %q", question)
	}
	long["b"] = "two"
	if text, again, _ := call(alice, "who", long, yes(key)); again == "" {
		t.Errorf("yes to what was not shown: %s", text)
	}
	confirmations := 0
	for _, r := range b.audit.Of("odd/who") {
		if r.Event == audit.Confirmation {
			confirmations++
		}
	}
	if confirmations != 1 {
		t.Errorf("%d confirmations recorded, want 1", confirmations)
	}
}
