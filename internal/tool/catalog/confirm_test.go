// SPDX-License-Identifier: MIT

package catalog

import (
	"encoding/json"
	"testing"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

// Every tool that removes, disconnects or can grant privilege changes nothing
// before the name of what it touches is repeated and, where a person can be asked,
// that person has said yes.
func TestEveryGraveChangeIsConfirmed(t *testing.T) {
	r := newRig(t, setup{})
	alice := by(t, "alice@example.com", mayAll)
	for _, d := range r.dispatcher.Registry().Tools() {
		if d.Class != grant.Destructive && d.Class != grant.Escalating {
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			var arguments map[string]any
			if err := json.Unmarshal([]byte(calls[d.Name]), &arguments); err != nil {
				t.Fatal(err)
			}
			name := arguments["confirm"]
			if d.Input.Properties["confirm"] == nil || name == nil {
				t.Fatal("there is nothing to confirm")
			}
			// call makes the call with that confirmed, and returns what was asked.
			call := func(confirm any, answer func(string) tool.Answer) (*tool.Question, error) {
				t.Helper()
				seed(r.fake)
				before := len(r.fake.Requests())
				arguments["confirm"] = confirm
				text, err := json.Marshal(arguments)
				if err != nil {
					t.Fatal(err)
				}
				_, err = r.dispatcher.Call(t.Context(), alice, tool.Request{ID: "1", Method: "tools/call", Name: d.Name, Arguments: text, Answer: answer})
				if err == nil {
					return nil, nil
				}
				for _, q := range r.fake.Requests()[before:] {
					if changes(q.Operation) {
						t.Errorf("confirm %v: %s was sent", confirm, q.Operation)
					}
				}
				e := told(t, err)
				if e.Code != tool.CodeConfirmationRequired {
					t.Errorf("confirm %v: got %v, want %s", confirm, e, tool.CodeConfirmationRequired)
				}
				return e.Ask, e
			}
			says := func(a tool.Answer) func(string) tool.Answer { return func(string) tool.Answer { return a } }
			for _, wrong := range []any{nil, "", "*", "yes"} {
				for _, answer := range []func(string) tool.Answer{nil, says(tool.Accepted)} {
					if asked, err := call(wrong, answer); err == nil || asked != nil {
						t.Errorf("confirm %v: got %v, asked %v", wrong, err, asked)
					}
				}
			}
			if asked, err := call(name, says(tool.Declined)); err == nil || asked != nil {
				t.Errorf("the person said no: got %v, asked %v", err, asked)
			}
			asked, err := call(name, says(tool.Unanswered))
			if err == nil || asked == nil || asked.Key == "" || asked.Text == "" {
				t.Fatalf("got %v, asked %v, want the person asked", err, asked)
			}
			if asked, err := call(name, func(key string) tool.Answer {
				if key == asked.Key {
					return tool.Accepted
				}
				return tool.Unanswered
			}); err != nil {
				t.Errorf("the person said yes: got %v, asked %v", err, asked)
			}
		})
	}
}
