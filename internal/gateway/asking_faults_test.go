// SPDX-License-Identifier: MIT

package gateway_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/grant"
)

// form are the arguments with which the tool ask asks for a form.
func form(more map[string]any) map[string]any {
	all := map[string]any{"method": "elicitation/create", "params": map[string]any{"message": "Who?", "requestedSchema": map[string]any{"type": "object"}}, "rounds": 1}
	for name, value := range more {
		all[name] = value
	}
	return all
}

const accept = `{"action":"accept","content":{}}`

// start makes a call of a client of the older revisions, and returns its stream.
func (c client) start(t *testing.T, server, tool string, arguments map[string]any) *stream {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": arguments}})
	if err != nil {
		t.Fatal(err)
	}
	return c.open(t, http.MethodPost, server, jsonHeader(), body)
}

var questionID = regexp.MustCompile(`"id":("ask-[A-Z0-9]{26}")`)

// question waits for so many questions on a stream, and returns the ids of all.
func (s *stream) questions(t *testing.T, n int) (ids []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d questions", n), func() bool { return len(questionID.FindAllString(s.text(), -1)) >= n })
	for _, found := range questionID.FindAllStringSubmatch(s.text(), -1) {
		ids = append(ids, found[1])
	}
	return ids
}

// asked has a bench with an odd server, approved, that may ask anything.
func askedBench(t *testing.T, args ...string) *bench {
	t.Helper()
	b := newBench(t)
	b.Odd("odd", `{"ask":["sampling","roots"],"timeout":"60s"}`, args...)
	b.approve(t, "odd", nil)
	b.both()
	return b
}

// outcome waits for the outcome of the last call of ask.
func (b *bench) outcome(t *testing.T, n int) audit.Record {
	t.Helper()
	var found []audit.Record
	eventually(t, "the outcome is recorded", func() bool {
		found = nil
		for _, r := range b.audit.Of("odd/ask") {
			if r.Event == audit.Outcome {
				found = append(found, r)
			}
		}
		return len(found) >= n
	})
	return found[n-1]
}

// TestAnswersOfOthers: an answer is taken from the very session that was asked, once.
func TestAnswersOfOthers(t *testing.T) {
	b := askedBench(t)
	alice, other, bob := b.alice().asking(t, "odd", everything), b.alice().asking(t, "odd", everything), b.bob().asking(t, "odd", everything)
	call := alice.start(t, "odd", "ask", form(nil))
	id := call.questions(t, 1)[0]
	for _, c := range []struct {
		who    client
		id     string
		status int
	}{
		{bob.client, id, 202}, {other.client, id, 202}, {alice.client, `"ask-AAAAAAAAAAAAAAAAAAAAAAAAAA"`, 202}, {alice.client, `7`, 202},
		{client{b: b, from: bob.from, session: alice.session}, id, 404}, {client{b: b, from: "127.0.0.4", session: alice.session}, id, 404},
		{b.alice(), id, 400},
	} {
		if got := c.who.answer(t, "odd", c.id, `{"action":"accept","content":{"n":"forged"}}`); got != c.status {
			t.Errorf("an answer of %s to %s: status %d, want %d", c.who.from, c.id, got, c.status)
		}
	}
	for _, n := range []string{"first", "second"} {
		alice.answer(t, "odd", id, `{"action":"accept","content":{"n":"`+n+`"},"_meta":{"tailscale-mcp/caller":{"login":"forged"}}}`)
	}
	call.await(t, "the client answers")
	if got := call.text(); !strings.Contains(got, "first") || strings.Contains(got, "forged") {
		t.Errorf("the server heard %s", got)
	}
	if got := alice.call2(t, "odd", "heard"); strings.Contains(got, "forged") || strings.Contains(got, "second") {
		t.Errorf("the server heard %s", got)
	}
}

// call2 makes a call whose server asks nothing.
func (c legacyAsker) call2(t *testing.T, server, tool string) string {
	t.Helper()
	text, asked := c.call(t, server, tool, nil, accept)
	if len(asked) > 0 {
		t.Errorf("%s asks %v", tool, asked)
	}
	return text
}

// TestStateOfOthers: a call of a client of 2026-07-28 that waits goes on for the same caller
// and the same request, once, and with what it is granted then.
func TestStateOfOthers(t *testing.T) {
	b := askedBench(t)
	alice, bob, atWork := modernAsker{b.alice(), everything}, modernAsker{b.bob(), everything}, modernAsker{client{b: b, from: "127.0.0.4"}, everything}
	_, requests, state := alice.round(t, "odd", "ask", form(nil), nil)
	answers := map[string]any{}
	for key := range requests {
		answers[key] = json.RawMessage(accept)
	}
	if len(state) < 40 || len(requests) != 1 {
		t.Fatalf("asked %v with the state %q", requests, state)
	}
	more := map[string]any{"requestState": state, "inputResponses": answers}
	for who, try := range map[string]func() (string, map[string]question, string){
		"bob":          func() (string, map[string]question, string) { return bob.round(t, "odd", "ask", form(nil), more) },
		"another node": func() (string, map[string]question, string) { return atWork.round(t, "odd", "ask", form(nil), more) },
		"other arguments": func() (string, map[string]question, string) {
			return alice.round(t, "odd", "ask", form(map[string]any{"x": 1}), more)
		},
		"another tool": func() (string, map[string]question, string) { return alice.round(t, "odd", "echo", form(nil), more) },
		"a state made up": func() (string, map[string]question, string) {
			return alice.round(t, "odd", "ask", form(nil), map[string]any{"requestState": "x" + state[1:], "inputResponses": answers})
		},
		"no object in it": func() (string, map[string]question, string) {
			return alice.round(t, "odd", "ask", form(nil), map[string]any{"requestState": state, "inputResponses": map[string]any{"a": 1}})
		},
		"of another shape": func() (string, map[string]question, string) {
			return alice.round(t, "odd", "ask", form(nil), map[string]any{"requestState": 5})
		},
	} {
		if text, asked, _ := try(); asked != nil || strings.Contains(text, "client answers") {
			t.Errorf("%s: %s", who, text)
		}
	}
	// Without an answer to it the question is there still, under another state.
	_, requests, state2 := alice.round(t, "odd", "ask", form(nil), map[string]any{"requestState": state, "inputResponses": map[string]any{"nosuch": json.RawMessage(accept)}})
	if state2 == "" || state2 == state || len(requests) != 1 {
		t.Fatalf("asked %v with the state %q", requests, state2)
	}
	more["requestState"] = state2
	if text, _, _ := alice.round(t, "odd", "ask", form(nil), more); !strings.Contains(text, "client answers") {
		t.Errorf("answered: %s", text)
	}
	if text, asked, _ := alice.round(t, "odd", "ask", form(nil), more); asked != nil || !strings.Contains(text, "-32602") || !strings.Contains(text, "no call of yours waits") {
		t.Errorf("answered again: %s", text)
	}
	before := len(b.audit.Of("odd/ask"))
	// What is no longer granted does not go on, and its server is told.
	_, requests, state = alice.round(t, "odd", "ask", form(nil), nil)
	for key := range requests {
		answers[key] = json.RawMessage(accept)
	}
	b.grant("alice@example.com", `{"tools":["odd/echo"]}`)
	if text, _, _ := alice.round(t, "odd", "ask", form(nil), map[string]any{"requestState": state, "inputResponses": answers}); !strings.Contains(text, "access_denied") {
		t.Errorf("not granted any more: %s", text)
	}
	eventually(t, "the call is cancelled", func() bool { return len(b.audit.Of("odd/ask")) == before+3 })
	if r := b.audit.Of("odd/ask")[before+2]; r.Code != "cancelled" || !strings.Contains(r.Reason, "no longer granted") {
		t.Errorf("recorded %+v", r)
	}
}

// TestManyQuestions: of what a server asks at once four are asked; of the calls of a caller
// that wait there are four, and the fifth is refused in words.
func TestManyQuestions(t *testing.T) {
	b := askedBench(t)
	legacy := b.alice().asking(t, "odd", everything)
	call := legacy.start(t, "odd", "ask", form(map[string]any{"times": 100}))
	answered := map[string]bool{}
	eventually(t, "the call ends", func() bool {
		for _, id := range call.questions(t, 1) {
			if !answered[id] {
				answered[id] = true
				legacy.answer(t, "odd", id, accept)
			}
		}
		return strings.Contains(call.text(), "the client answers")
	})
	// A server that writes slowly may ask more than four, as the first are answered, up to what one call may.
	refused := strings.Count(call.text(), "too many questions wait") + strings.Count(call.text(), "as often as it may")
	if n := strings.Count(call.text(), "the client answers"); n != len(answered) || n+refused != 100 || n < 4 || refused == 0 {
		t.Errorf("of a hundred questions %d were answered, %d refused: %s", n, refused, call.text())
	}
	text, _ := legacy.call(t, "odd", "ask", form(map[string]any{"size": 300 << 10}), accept)
	if !strings.Contains(text, "of 262144 at most") {
		t.Errorf("too large: %.500s", text)
	}

	modern := modernAsker{b.alice(), everything}
	b.Odd("other", `{"timeout":"60s"}`, "-modern")
	b.Odd("third", `{"timeout":"60s"}`) // which answers one call at a time
	b.approve(t, "other", nil)
	b.approve(t, "third", nil)
	b.grant("alice@example.com", `{"tools":["odd/*","other/*","third/*"]}`)
	var states []string
	for _, server := range []string{"other", "third", "odd", "other", "other", "other", "other", "other"} {
		_, requests, state := modern.round(t, server, "ask", form(nil), nil)
		if len(requests) != 1 {
			t.Fatalf("call %d asks %v", len(states), requests)
		}
		states = append(states, state)
	}
	for i, server := range []string{"other", "third"} { // and those two that have waited longest do so no more
		if text, asked, _ := modern.round(t, "other", "ask", form(nil), nil); len(asked) != 1 {
			t.Errorf("one more: %s", text)
		}
		if text, asked, _ := modern.round(t, server, "ask", form(nil), map[string]any{"requestState": states[i]}); asked != nil || !strings.Contains(text, "no call of yours waits") {
			t.Errorf("that which has waited longest: %s", text)
		}
	}
	_, requests, state := modern.round(t, "odd", "ask", form(nil), map[string]any{"requestState": states[2]})
	if len(requests) != 1 {
		t.Fatalf("asked again: %v", requests)
	}
	for key := range requests {
		if text, _, _ := modern.round(t, "odd", "ask", form(nil), map[string]any{"requestState": state, "inputResponses": map[string]any{key: json.RawMessage(accept)}}); !strings.Contains(text, "client answers") {
			t.Errorf("answered: %s", text)
		}
	}
	if _, asked, _ := modern.round(t, "odd", "ask", form(nil), nil); len(asked) != 1 {
		t.Error("there is no room after one has ended")
	}
	bob := modernAsker{b.bob(), everything}
	if _, asked, _ := bob.round(t, "odd", "ask", form(nil), nil); len(asked) != 1 {
		t.Error("another caller is refused")
	}
}

// TestEndsWhileAsked: whoever ends while a question waits, the others are told, and nothing
// is left.
func TestEndsWhileAsked(t *testing.T) {
	t.Run("the server", func(t *testing.T) {
		b := askedBench(t)
		legacy, modern := b.alice().asking(t, "odd", everything), modernAsker{b.alice(), everything}
		call := legacy.start(t, "odd", "ask", form(nil))
		call.questions(t, 1)
		_, _, state := modern.round(t, "odd", "ask", form(nil), nil)
		b.Kill()
		call.await(t, "the server odd has ended")
		if got := call.text(); !strings.Contains(got, "notifications/cancelled") {
			t.Errorf("the client is not told that nobody waits: %s", got)
		}
		text := ""
		for state != "" { // the daemon may not have noticed yet
			text, _, state = modern.round(t, "odd", "ask", form(nil), map[string]any{"requestState": state})
		}
		if !strings.Contains(text, "the server odd has ended") {
			t.Errorf("modern: %s", text)
		}
	})
	t.Run("the client", func(t *testing.T) {
		b := askedBench(t)
		legacy := b.alice().asking(t, "odd", everything)
		call := legacy.start(t, "odd", "ask", form(nil))
		id := call.questions(t, 1)[0]
		legacy.cancelID(t, "odd", 7)
		<-call.over
		if r := b.outcome(t, 1); r.Code != "cancelled" || r.Asked != "1 elicitation/create" {
			t.Errorf("recorded %+v", r)
		}
		legacy.answer(t, "odd", id, accept) // too late
		eventually(t, "the server is told", func() bool {
			got := legacy.call2(t, "odd", "heard")
			if strings.Contains(got, "accept") {
				t.Fatalf("the server heard %s", got)
			}
			return strings.Contains(got, `action\\\":\\\"cancel`) && strings.Contains(got, "notifications/cancelled")
		})
		call = legacy.start(t, "odd", "ask", form(nil))
		call.questions(t, 1)
		if status := legacy.end(t, "odd"); status != http.StatusNoContent {
			t.Errorf("the session ends with status %d", status)
		}
		<-call.over
		eventually(t, "nothing runs", func() bool { return b.servers.Stats()[0].Processes == 0 })
	})
	t.Run("the call", func(t *testing.T) {
		b := askedBench(t)
		legacy := b.alice().asking(t, "odd", everything)
		call := legacy.start(t, "odd", "ask", form(nil))
		id := call.questions(t, 1)[0]
		if got := legacy.call2(t, "odd", "withdraw"); !strings.Contains(got, "as you like") {
			t.Errorf("withdraw: %s", got)
		}
		call.await(t, "withdrawn")
		if got := call.text(); !strings.Contains(got, `"notifications/cancelled","params":{"requestId":`+id) {
			t.Errorf("the client is told %s", got)
		}
		if got := legacy.call2(t, "odd", "heard"); strings.Contains(got, "odd-0") {
			t.Errorf("the server heard of what it had withdrawn: %s", got)
		}
		modern := modernAsker{b.alice(), everything}
		ended := form(map[string]any{"end": true})
		text, _, state := modern.round(t, "odd", "ask", ended, nil)
		for state != "" { // the daemon may not have read yet that it has ended
			text, _, state = modern.round(t, "odd", "ask", ended, map[string]any{"requestState": state})
		}
		if !strings.Contains(text, "ended meanwhile") {
			t.Errorf("modern: %s", text)
		}
	})
	t.Run("the daemon", func(t *testing.T) {
		b := askedBench(t)
		legacy, modern := b.alice().asking(t, "odd", everything), modernAsker{b.bob(), everything}
		call := legacy.start(t, "odd", "ask", form(nil))
		call.questions(t, 1)
		_, _, state := modern.round(t, "odd", "ask", form(nil), nil)
		b.gateway.Drain()
		call.await(t, `{\"action\":\"cancel\"}`)
		eventually(t, "both have ended", func() bool { return len(b.audit.Of("odd/ask")) == 4 })
		for _, r := range b.audit.Of("odd/ask") {
			if r.Event == audit.Outcome && r.Login == "bob@example.com" && (r.Code != "cancelled" || !strings.Contains(r.Reason, "the server is stopping")) {
				t.Errorf("recorded %+v", r)
			}
		}
		if text, _, _ := modern.round(t, "odd", "ask", form(nil), map[string]any{"requestState": state}); !strings.Contains(text, "no call of yours waits") {
			t.Errorf("modern: %s", text)
		}
		if text, asked, _ := modern.round(t, "odd", "ask", form(nil), nil); asked != nil || !strings.Contains(text, "cancel") {
			t.Errorf("asked while stopping: %s", text)
		}
	})
}

// TestOutsideOfCalls: what a server asks outside of any call goes to the stream of the
// session whose process it is, or waits for its next call.
func TestOutsideOfCalls(t *testing.T) {
	b := askedBench(t)
	alice, bob := b.alice().asking(t, "odd", everything), b.bob().asking(t, "odd", everything)
	ears, theirs := alice.listen(t, "odd"), bob.listen(t, "odd")
	ears.opened(t)
	theirs.opened(t)
	if got, asked := alice.call(t, "odd", "ask", form(map[string]any{"outside": true}), accept); !strings.Contains(got, "asked later") || len(asked) > 0 {
		t.Errorf("%s, asked %v", got, asked)
	}
	id := ears.questions(t, 1)[0]
	alice.answer(t, "odd", id, `{"action":"accept","content":{"at":"the stream"}}`)
	eventually(t, "the server hears it", func() bool { return strings.Contains(alice.call2(t, "odd", "heard"), "the stream") })
	if theirs.text() != "" {
		t.Errorf("bob heard %s", theirs.text())
	}
	ears.hangUp()
	<-ears.over
	eventually(t, "the stream is gone", func() bool {
		own := b.servers.Sessions().Get(alice.session)
		return own != nil && own.Outside() == nil
	})
	for name, c := range map[string]asker{"legacy": alice, "modern": modernAsker{b.alice(), everything}} {
		eventually(t, "the server hears it from "+name, func() bool {
			if got, _ := c.call(t, "odd", "ask", form(map[string]any{"outside": true}), accept); !strings.Contains(got, "asked later") {
				t.Fatalf("%s: %s", name, got)
			}
			// If it asks during this call only, that may end before the answer.
			got, _ := c.call(t, "odd", "heard", nil, `{"action":"accept","content":{"at":"the next call"}}`)
			return strings.Contains(got, "the next call")
		})
	}
}

// opened waits until the server has the stream.
func (s *stream) opened(t *testing.T) {
	t.Helper()
	if s.status != http.StatusOK {
		t.Fatalf("the stream has the status %d", s.status)
	}
}

// TestOffers: a server is told what its client can be asked and its entry allows, and no
// more is asked; clients that can be asked something else have another process, and one for
// all callers is told nothing.
func TestOffers(t *testing.T) {
	for _, args := range [][]string{nil, {"-modern"}} {
		b := newBench(t)
		b.Odd("odd", `{"ask":["roots"]}`, args...)
		b.Odd("plain", "", args...)
		b.Odd("shared", `{"instance":"shared","ask":["roots"]}`, args...)
		for _, name := range []string{"odd", "plain", "shared"} {
			b.approve(t, name, nil)
		}
		b.grant("alice@example.com", `{"tools":["odd/*","plain/*","shared/*"]}`)
		for _, row := range []struct{ server, client, told string }{
			{"odd", everything, `{"elicitation":{"form":{},"url":{}},"roots":{}}`},
			{"odd", `{"elicitation":{}}`, `{"elicitation":{"form":{}}}`},
			{"odd", `{"elicitation":{"url":{}},"roots":{"listChanged":true}}`, `{"elicitation":{"url":{}},"roots":{"listChanged":true}}`},
			{"odd", `{"sampling":{}}`, `{}`},
			{"odd", `{}`, `{}`},
			{"plain", everything, `{"elicitation":{"form":{},"url":{}}}`},
			{"shared", everything, `{}`},
		} {
			for era, c := range map[string]asker{"legacy": b.alice().asking(t, row.server, row.client), "modern": modernAsker{b.alice(), row.client}} {
				got, _ := c.call(t, row.server, "told", nil, accept)
				var said struct {
					Result struct{ Content []struct{ Text string } }
				}
				if json.Unmarshal([]byte(last(got)), &said) != nil || len(said.Result.Content) != 1 || said.Result.Content[0].Text != row.told {
					t.Errorf("%v: %s client with %s: %s was told %s, want %s", args, era, row.client, row.server, got, row.told)
				}
				if strings.Contains(row.told, "form") {
					continue
				}
				if text, asked := c.call(t, row.server, "ask", form(nil), accept); len(asked) > 0 || !strings.Contains(text, "has not offered") {
					t.Errorf("%v: %s client with %s: asked %v: %s", args, era, row.client, asked, text)
				}
			}
		}
	}
}

// TestShy: a tool that a server shows only to clients that can be asked is approved, and
// there for those; for others its call fails, and nobody loses it by that.
func TestShy(t *testing.T) {
	for _, args := range [][]string{{"-shy"}, {"-shy", "-modern"}} {
		b := askedBench(t, args...)
		for range 2 {
			for name, c := range map[string]asker{"legacy": b.alice().asking(t, "odd", everything), "modern": modernAsker{b.alice(), everything}} {
				if got, _ := c.call(t, "odd", "shy", nil, accept); !strings.Contains(got, "here I am") {
					t.Errorf("%v, %s: %s", args, name, got)
				}
			}
			for name, c := range map[string]asker{"legacy": b.alice().asking(t, "odd", `{}`), "modern": modernAsker{b.alice(), `{}`}} {
				if got, _ := c.call(t, "odd", "shy", nil, accept); !strings.Contains(got, "is gone since it was approved") {
					t.Errorf("%v, %s that cannot be asked: %s", args, name, got)
				}
			}
		}
		if n := len(b.audit.Of("odd/shy")); n != 16 {
			t.Errorf("%d records of 8 calls", n)
		}
		for _, stat := range b.servers.Stats() {
			if stat.Withheld != 0 {
				t.Errorf("%v: %d things count as withheld from everybody", args, stat.Withheld)
			}
		}
	}
}

// TestConfirmAtOnce: the person at a client of the older revisions with a session is asked
// on the stream of the call, and a yes is for that call alone.
func TestConfirmAtOnce(t *testing.T) {
	b := newBench(t)
	b.Odd("odd", `{"confirm":["destructive"]}`)
	b.approve(t, "odd", map[string]grant.Class{"echo": grant.Read})
	b.both()
	alice := b.alice().asking(t, "odd", everything)
	for answer, want := range map[string]string{accept: "1 of", `{"action":"decline"}`: "does not want it", `{"action":"cancel"}`: "does not want it", `{"x":1}`: "does not want it"} {
		text, asked := alice.call(t, "odd", "count", map[string]any{"n": answer}, answer)
		if len(asked) != 1 || !strings.Contains(text, want) || !strings.Contains(string(asked[0].Params), "calls the tool count of the server odd") || strings.Contains(string(asked[0].Params), "The server odd asks") {
			t.Errorf("%s: %s, asked %s", answer, text, asked)
		}
	}
	confirmations := 0
	for _, r := range b.audit.Of("odd/count") {
		if r.Event == audit.Confirmation {
			confirmations++
		}
	}
	if confirmations != 1 {
		t.Errorf("%d confirmations", confirmations)
	}
	// And what the server asks itself is asked after that.
	text, asked := alice.call(t, "odd", "ask", form(nil), accept)
	if len(asked) != 2 || !strings.Contains(text, "the client answers") {
		t.Errorf("%s, asked %s", text, asked)
	}
	modern := modernAsker{b.alice(), everything}
	if text, asked := modern.call(t, "odd", "ask", form(nil), accept); len(asked) != 2 || !strings.Contains(text, "the client answers") {
		t.Errorf("modern: %s, asked %s", text, asked)
	}
	b.Odd("shared", `{"confirm":["destructive"],"instance":"shared"}`)
	b.approve(t, "shared", nil)
	b.grant("alice@example.com", `{"tools":["odd/*","shared/*"]}`)
	for name, c := range map[string]asker{"legacy": b.alice().asking(t, "shared", everything), "modern": modern} {
		if text, asked := c.call(t, "shared", "count", nil, accept); len(asked) != 1 || !strings.Contains(text, " of ") {
			t.Errorf("%s, one process for all: %s, asked %s", name, text, asked)
		}
	}
	if text := alice.call2(t, "odd", "echo"); !strings.Contains(text, "result") {
		t.Errorf("a class that is not named: %s", text)
	}
}

// TestRounds: a server of the newer era may ask for prompts and resources too, and as often
// as eight times.
func TestRounds(t *testing.T) {
	b := askedBench(t, "-modern")
	for name, c := range map[string]asker{"legacy": b.alice().asking(t, "odd", everything), "modern": modernAsker{b.alice(), everything}} {
		if text, asked := c.call(t, "odd", "ask", form(map[string]any{"rounds": 8}), accept); len(asked) != 8 || !strings.Contains(text, "the client answers") {
			t.Errorf("%s, eight rounds: %s, asked %d", name, text, len(asked))
		}
		if text, asked := c.call(t, "odd", "ask", form(map[string]any{"rounds": 9}), accept); len(asked) != 8 || !strings.Contains(text, "as often as it may") {
			t.Errorf("%s, nine rounds: %s, asked %d", name, text, len(asked))
		}
		for method, params := range map[string]map[string]any{
			"resources/read": {"uri": "file:///a/asks"},
			"prompts/get":    {"name": "greet", "arguments": map[string]any{"whom": "ask"}},
		} {
			text, asked := c.request(t, "odd", method, params, `{"action":"accept","content":{"n":"Al"}}`)
			if len(asked) != 1 || !strings.Contains(text, `\"n\":\"Al\"`) || !strings.Contains(string(asked[0].Params), "The server odd asks: Who?") {
				t.Errorf("%s, %s: %s, asked %s", name, method, text, asked)
			}
		}
	}
}

// TestLacking: that a client has not declared what a server needs, the server tells one of its
// own era by an error that the client acts on.
func TestLacking(t *testing.T) {
	b := askedBench(t, "-modern")
	say := map[string]any{"lines": []string{`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32021,"message":"no","data":{"requiredCapabilities":{"sampling":{}}}}}`}}
	modern := b.alice()
	modern.modern = true
	status, text := modern.post(t.Context(), t, "odd", "tools/call", map[string]any{"name": "say", "arguments": say})
	if status != http.StatusBadRequest || !strings.Contains(text, `"code":-32021`) || !strings.Contains(text, `"requiredCapabilities":{"sampling":{}}`) {
		t.Errorf("modern: %d %s", status, text)
	}
	if text, _ := b.alice().asking(t, "odd", everything).call(t, "odd", "say", say, accept); !strings.Contains(text, `"isError":true`) {
		t.Errorf("legacy: %s", text)
	}
}

// TestPagesToVisit: the error by which a server of 2025-11-25 wants a page visited reaches a
// client of its era that offers that; one of the newer is asked.
func TestPagesToVisit(t *testing.T) {
	b := askedBench(t)
	const page = `{"jsonrpc":"2.0","id":$ID,"error":{"code":-32042,"message":"see","data":{"elicitations":[{"mode":"url","url":"https://example.com/?a=<1>","message":"Log in","elicitationId":"e"}]}}}`
	say := map[string]any{"lines": []string{page}}
	legacy := b.alice().asking(t, "odd", everything)
	if text, asked := legacy.call(t, "odd", "say", say, accept); len(asked) > 0 || !strings.Contains(text, `"code":-32042`) || !strings.Contains(text, `"elicitationId":"e"`) || !strings.Contains(text, "The server odd asks: Log in") {
		t.Errorf("legacy: %s, asked %s", text, asked)
	}
	modern := modernAsker{b.alice(), everything}
	text, requests, _ := modern.round(t, "odd", "say", say, nil)
	for _, q := range requests {
		if !strings.Contains(string(q.Params), "The server odd asks: Log in") {
			t.Errorf("modern: asked %s", q.Params)
		}
	}
	if len(requests) != 1 {
		t.Errorf("modern: %s", text)
	}
	if text, asked := modern.call(t, "odd", "say", say, `{"action":"decline"}`); len(asked) != 1 || !strings.Contains(text, "does not want to visit") {
		t.Errorf("modern: %s, asked %s", text, asked)
	}
	for name, c := range map[string]asker{"legacy": b.alice().asking(t, "odd", `{"elicitation":{}}`), "modern": modernAsker{b.alice(), `{"elicitation":{}}`}} {
		if text, asked := c.call(t, "odd", "say", say, accept); len(asked) > 0 || strings.Contains(text, "-32042") || !strings.Contains(text, "has not offered") {
			t.Errorf("%s without pages: %s, asked %s", name, text, asked)
		}
	}
}

// TestEarly: what a server asks as soon as it is initialized is asked with the call that it
// was started for, before that is made.
func TestEarly(t *testing.T) {
	b := askedBench(t, "-early")
	const roots = `{"roots":[{"uri":"file:///srv"}]}`
	for name, c := range map[string]asker{"legacy": b.alice().asking(t, "odd", everything), "modern": modernAsker{b.alice(), everything}} {
		text, asked := c.call(t, "odd", "heard", nil, roots)
		if len(asked) != 1 || asked[0].Method != "roots/list" || !strings.Contains(text, "file:///srv") {
			t.Errorf("%s: %s, asked %s", name, text, asked)
		}
	}
}

// TestWordsBeside: that the roots of a client have changed reaches its server, and that a
// page was visited its client, each where the other side has offered that.
func TestWordsBeside(t *testing.T) {
	b := askedBench(t)
	told, untold := b.alice().asking(t, "odd", `{"elicitation":{"url":{}},"roots":{"listChanged":true}}`), b.alice().asking(t, "odd", `{"roots":{}}`)
	const complete = `{"jsonrpc":"2.0","method":"notifications/elicitation/complete","params":{"elicitationId":"e-1"}}`
	ears := map[string]*stream{}
	for name, c := range map[string]legacyAsker{"told": told, "untold": untold} {
		ears[name] = c.listen(t, "odd")
		ears[name].opened(t)
		c.call2(t, "odd", "heard") // so that it has a process
		resp, err := c.send(t.Context(), t, http.MethodPost, "odd", jsonHeader(), []byte(`{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusAccepted {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
		if got := strings.Contains(c.call2(t, "odd", "heard"), "roots/list_changed"); got != (name == "told") {
			t.Errorf("%s: the server heard of it: %v", name, got)
		}
		if got, _ := c.call(t, "odd", "say", map[string]any{"lines": []string{complete}, "size": 1}, accept); !strings.Contains(got, "result") {
			t.Errorf("say: %s", got)
		}
	}
	ears["told"].await(t, `"notifications/elicitation/complete"`)
	if got := ears["untold"].text(); got != "" {
		t.Errorf("a client that visits no pages heard %s", got)
	}
}
