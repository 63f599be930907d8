// SPDX-License-Identifier: MIT

package catalog

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

// Every tool that removes, disconnects or can grant privilege changes nothing
// before it is called with the code of a refusal or, where a person can be asked,
// that person has said yes. No word that a caller can know beforehand will do.
func TestEveryGraveChangeIsConfirmed(t *testing.T) {
	r := newRig(t, setup{})
	alice := by(t, "alice@example.com", mayAll)
	for _, d := range r.offers.Tools {
		if d.Class != grant.Destructive && d.Class != grant.Escalating {
			continue
		}
		t.Run(d.Name, func(t *testing.T) {
			var arguments map[string]any
			if err := json.Unmarshal([]byte(calls[d.Name]), &arguments); err != nil {
				t.Fatal(err)
			}
			if d.Input.Properties["confirm"] == nil || arguments["confirm"] == nil {
				t.Fatal("there is nothing to confirm")
			}
			// call makes the call with that confirmed, and returns what was said.
			call := func(confirm any, answer func(string) gate.Answer) *tool.Error {
				t.Helper()
				seed(r.fake)
				r.log.Forget()
				before := len(r.fake.Requests())
				arguments["confirm"] = confirm
				text, err := json.Marshal(arguments)
				if err != nil {
					t.Fatal(err)
				}
				_, err = r.dispatcher.Call(t.Context(), alice, gate.Request{ID: "1", Method: "tools/call", Name: d.Name, Arguments: text, Answer: answer})
				if err == nil {
					return nil
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
				return e
			}
			says := func(a gate.Answer) func(string) gate.Answer { return func(string) gate.Answer { return a } }

			first := call(nil, nil)
			target := r.log.Records()[1].Target
			if first == nil || tooltest.CodeOf(first) == "" || first.Ask != nil || target == "" {
				t.Fatalf("got %v about %q, want a code", first, target)
			}
			guesses := []any{target, "", "*", "yes", "true", "CODE", "ABCD-EFGH", d.Name}
			for _, value := range arguments {
				if s, ok := value.(string); ok {
					guesses = append(guesses, s)
				}
			}
			for _, guess := range guesses {
				if e := call(guess, nil); e == nil || tooltest.CodeOf(e) == "" || e.Ask != nil {
					t.Errorf("confirm %v: got %v, want another code", guess, e)
				}
			}
			if e := call(target, nil); e == nil || !strings.Contains(e.Message, "takes the code") && target != "" {
				t.Errorf("confirm %s: got %v, want what confirm takes", target, e)
			}
			code := tooltest.CodeOf(call(nil, nil))
			if e := call(code, nil); e != nil {
				t.Errorf("with the code: got %v", e)
			}
			if got := r.log.Records(); len(got) != 3 || got[1].Event != audit.Confirmation || got[1].Target != target || got[2].Target != target {
				t.Errorf("got %+v, want it recorded that the change of %s was confirmed", got, target)
			}
			if e := call(code, nil); e == nil || !strings.Contains(e.Message, "is not good for this call") {
				t.Errorf("with the code again: got %v", e)
			}

			// Who can be asked is asked at the first call, and no code will do.
			for _, confirm := range []any{nil, target, tooltest.CodeOf(call(nil, nil))} {
				e := call(confirm, says(gate.Unanswered))
				if e == nil || e.Ask == nil || e.Ask.Key == "" || tooltest.CodeOf(e) != "" || !strings.Contains(e.Ask.Text, strings.SplitN(first.Message, ": this ", 2)[1]) {
					t.Fatalf("confirm %v: got %v, want the person asked what was said in %v", confirm, e, first)
				}
			}
			if e := call(nil, says(gate.Declined)); e == nil || e.Ask != nil || !strings.Contains(e.Message, "does not want it") {
				t.Errorf("the person said no: got %v", e)
			}
			asked := call(nil, says(gate.Unanswered)).Ask
			yes := func(key string) gate.Answer {
				if key == asked.Key {
					return gate.Accepted
				}
				return gate.Unanswered
			}
			if e := call(nil, yes); e != nil {
				t.Errorf("the person said yes: got %v", e)
			}
			if e := call(nil, yes); e == nil || e.Ask == nil || e.Ask.Key == asked.Key {
				t.Errorf("the same yes again: got %v, want the person asked anew", e)
			}
		})
	}
}

// A host where persons have to say yes asks nothing of the API for a client that
// cannot ask its person, and serves every other call.
func TestOnlyPersonsConfirm(t *testing.T) {
	r := newRig(t, setup{askPerson: true})
	alice := by(t, "alice@example.com", mayAll)
	for _, d := range r.offers.Tools {
		if calls[d.Name] == "" {
			continue
		}
		seed(r.fake)
		before := len(r.fake.Requests())
		_, err := r.call(alice, d.Name, calls[d.Name])
		if d.Class == grant.Read || d.Class == grant.Write {
			if err != nil {
				t.Errorf("%s: %v", d.Name, err)
			}
			continue
		}
		e := told(t, err)
		if e.Code != tool.CodeConfirmationRequired || tooltest.CodeOf(e) != "" || e.Ask != nil || !strings.Contains(e.Next, "TAILSCALE_MCP_CONFIRM=code") {
			t.Errorf("%s: got %v, want it refused without a code", d.Name, e)
		}
		if sent := r.fake.Requests()[before:]; len(sent) > 0 {
			t.Errorf("%s: got %d requests, want none", d.Name, len(sent))
		}
	}
	_, err := r.dispatcher.Call(t.Context(), alice, gate.Request{
		ID: "1", Method: "tools/call", Name: "delete_device", Arguments: []byte(`{"device":"web-1"}`),
		Answer: func(string) gate.Answer { return gate.Unanswered },
	})
	if e := told(t, err); e.Ask == nil {
		t.Errorf("a client that can ask: got %v, want the person asked", e)
	}
	records := r.log.Of("delete_device")
	if i := slices.IndexFunc(records, func(r audit.Record) bool { return r.Event == audit.Outcome }); i < 0 || records[i].Code != tool.CodeConfirmationRequired || !records[i].Allowed {
		t.Errorf("got %+v, want the refusal recorded", records)
	}
}
