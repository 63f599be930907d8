// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

type removal struct {
	tool.Confirmation
	Text  string         `json:"text,omitempty" jsonschema:"what to remove"`
	Extra map[string]any `json:"extra,omitempty" jsonschema:"more"`
}

// shelf is what tools remove from, with confirmation.
type shelf struct {
	mu      sync.Mutex
	state   string // what a tool reads before it asks
	removed int
}

func (s *shelf) set() tool.Set {
	run := func(_ context.Context, call tool.Call, in removal) (message, error) {
		s.mu.Lock()
		state := s.state
		s.mu.Unlock()
		if err := call.Confirm(in.Confirmation, "shelf of "+in.Text, "removes "+in.Text+", which is "+state); err != nil {
			return message{}, err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.removed++
		return message{Text: "removed"}, nil
	}
	return tool.Set{Tools: []tool.Tool{
		tool.New(define("remove_one", grant.Destructive), run),
		tool.New(define("remove_two", grant.Escalating), run),
	}}
}

func (s *shelf) now(state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state
}

func (s *shelf) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.removed
}

func confirming(t *testing.T) (*shelf, harness) {
	t.Helper()
	s := &shelf{state: "full"}
	return s, newHarness(t, s.set())
}

func someone(t *testing.T, login, node string) caller.Caller {
	t.Helper()
	c := alice(t, everything)
	c.Login, c.NodeID = login, node
	return c
}

// A code is good for its caller, tool and arguments, and for what was read.
func TestCodeIsBound(t *testing.T) {
	const given = `{"text":"web-1","extra":{"a":[1,2.50],"b":12345678901234567890}%s}`
	for _, c := range []struct {
		name, login, node, tool, arguments, state string
		good                                      bool
		said                                      string
	}{
		{"the same", "alice@example.com", "nLaptop", "remove_one", given, "full", true, ""},
		{"written otherwise", "alice@example.com", "nLaptop", "remove_one", ` { "extra" : {"b":12345678901234567890, "\u0061":[1,2.50]}%s, "text":"web\u002d1"}`, "full", true, ""},
		{"another person", "bob@example.com", "nLaptop", "remove_one", given, "full", false, "is not good for this call"},
		{"another device of the person", "alice@example.com", "nPhone", "remove_one", given, "full", false, "is not good for this call"},
		{"another tool", "alice@example.com", "nLaptop", "remove_two", given, "full", false, "is not good for this call"},
		{"another argument", "alice@example.com", "nLaptop", "remove_one", strings.Replace(given, "web-1", "web-2", 1), "full", false, "is not good for this call"},
		{"another number", "alice@example.com", "nLaptop", "remove_one", strings.Replace(given, "67890", "67891", 1), "full", false, "is not good for this call"},
		{"one argument less", "alice@example.com", "nLaptop", "remove_one", `{"text":"web-1"%s}`, "full", false, "is not good for this call"},
		{"changed meanwhile", "alice@example.com", "nLaptop", "remove_one", given, "half empty", false, "has changed since its code was handed out. Now this removes web-1, which is half empty"},
	} {
		s, h := confirming(t)
		_, err := h.call(t.Context(), alice(t, everything), "remove_one", fmt.Sprintf(given, ""))
		handed := tooltest.CodeOf(err)
		if handed == "" || s.count() != 0 || !strings.Contains(err.Error(), "good once, for 5 minutes") || !strings.Contains(err.Error(), "ask the person") {
			t.Fatalf("%s: got %v, want a code", c.name, err)
		}
		s.now(c.state)
		_, err = h.call(t.Context(), someone(t, c.login, c.node), c.tool, fmt.Sprintf(c.arguments, `,"confirm":"`+handed+`"`))
		if (err == nil) != c.good || (s.count() == 1) != c.good {
			t.Errorf("%s: got %v and %d removed, want it done: %t", c.name, err, s.count(), c.good)
		}
		if err != nil {
			told.Check(t, err)
			if next := tooltest.CodeOf(err); next == "" || next == handed || !strings.Contains(err.Error(), c.said) {
				t.Errorf("%s: got %v, want %q and another code", c.name, err, c.said)
			}
		}
	}
}

// A server that has started anew knows no code of before.
func TestCodesDieWithTheProcess(t *testing.T) {
	s, h := confirming(t)
	_, err := h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1"}`)
	handed := tooltest.CodeOf(err)
	again := newHarness(t, s.set())
	_, err = again.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1","confirm":"`+handed+`"}`)
	if tooltest.CodeOf(err) == "" || s.count() != 0 || !strings.Contains(err.Error(), "the server has restarted") {
		t.Errorf("got %v and %d removed", err, s.count())
	}
	if _, err = h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1","confirm":"`+handed+`"}`); err != nil {
		t.Errorf("got %v where it was handed out", err)
	}
}

// However many use one code or one answer of a person at the same time, the change
// is made once.
func TestConfirmedOnce(t *testing.T) {
	const many = 32
	for name, asks := range map[string]bool{"code": false, "answer": true} {
		s, h := confirming(t)
		r := gate.Request{ID: "r1", Name: "remove_one", Arguments: json.RawMessage(`{"text":"web-1"}`)}
		if asks {
			r.Answer = func(string) gate.Answer { return gate.Unanswered }
		}
		_, err := h.Call(t.Context(), alice(t, everything), r)
		var told *failure.Error
		if !errors.As(err, &told) || asks != (told.Ask != nil) {
			t.Fatalf("%s: got %v", name, err)
		}
		if asks {
			r.Answer = func(key string) gate.Answer {
				if key == told.Ask.Key {
					return gate.Accepted
				}
				return gate.Unanswered
			}
		} else {
			r.Arguments = json.RawMessage(`{"text":"web-1","confirm":"` + tooltest.CodeOf(err) + `"}`)
		}
		var wait sync.WaitGroup
		for range many {
			wait.Go(func() { _, _ = h.Call(t.Context(), alice(t, everything), r) })
		}
		wait.Wait()
		if s.count() != 1 {
			t.Errorf("%s: removed %d times, want once", name, s.count())
		}
	}
}

func TestConfirmationExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, h := confirming(t)
		for wait, want := range map[time.Duration]bool{5*time.Minute - time.Second: true, 5 * time.Minute: false} {
			before := s.count()
			_, err := h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1"}`)
			time.Sleep(wait)
			_, err = h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1","confirm":"`+tooltest.CodeOf(err)+`"}`)
			if (err == nil) != want || (s.count() > before) != want {
				t.Errorf("after %v: got %v, want it done: %t", wait, err, want)
			}
		}
		r := gate.Request{Name: "remove_two", Arguments: json.RawMessage(`{"text":"web-1"}`), Answer: func(string) gate.Answer { return gate.Accepted }}
		_, _ = h.Call(t.Context(), alice(t, everything), r)
		time.Sleep(5 * time.Minute)
		var told *failure.Error
		if _, err := h.Call(t.Context(), alice(t, everything), r); !errors.As(err, &told) || told.Ask == nil {
			t.Errorf("a late answer: got %v, want the person asked anew", err)
		}
		if _, err := h.Call(t.Context(), alice(t, everything), r); err != nil {
			t.Errorf("an answer in time: got %v", err)
		}
	})
}

// What a person has agreed to is what is there when the answer comes.
func TestAnswerToAnotherReading(t *testing.T) {
	s, h := confirming(t)
	r := gate.Request{Name: "remove_one", Arguments: json.RawMessage(`{"text":"web-1"}`), Answer: func(string) gate.Answer { return gate.Accepted }}
	ask := func() string {
		t.Helper()
		var told *failure.Error
		if _, err := h.Call(t.Context(), alice(t, everything), r); !errors.As(err, &told) || told.Ask == nil {
			t.Fatalf("got %v, want a question", err)
		}
		return told.Ask.Text
	}
	if got, want := ask(), `"shelf of web-1": this removes web-1, which is full. Do you want that?`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	s.now("half empty")
	if got, want := ask(), "What this touches has changed since you were asked. Now this removes web-1, which is half empty. Do you want that?"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := h.Call(t.Context(), alice(t, everything), r); err != nil || s.count() != 1 {
		t.Errorf("got %v and %d removed", err, s.count())
	}
}

// Five wrong codes void the right one, and every refusal has another.
func TestGuessing(t *testing.T) {
	s, h := confirming(t)
	_, err := h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1"}`)
	right := tooltest.CodeOf(err)
	for _, guess := range []string{"web-1", "yes", "ABCD-EFGH", "abcdefgj", strings.Repeat("x", 2000)} {
		_, err = h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1","confirm":"`+guess+`"}`)
		if tooltest.CodeOf(err) == "" {
			t.Errorf("%.20s: got %v", guess, err)
		}
		told.Check(t, err)
	}
	last := tooltest.CodeOf(err)
	if _, err = h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1","confirm":"`+right+`"}`); err == nil || s.count() != 0 {
		t.Errorf("after five wrong ones: got %v and %d removed", err, s.count())
	}
	if _, err = h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"web-1","confirm":"`+strings.ToLower(last)+`"}`); err != nil {
		t.Errorf("the last one, in lower case: got %v", err)
	}
}

// A confirmed change is recorded with what it touches before it is made, and not
// made without that. No record and no log has the code.
func TestConfirmationIsRecorded(t *testing.T) {
	s, h := confirming(t)
	_, err := h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"prod/1"}`)
	handed := tooltest.CodeOf(err)
	if _, err = h.call(t.Context(), alice(t, everything), "remove_one", `{"text":"prod/1","confirm":"`+handed+`"}`); err != nil {
		t.Fatal(err)
	}
	want := []struct {
		event  audit.Event
		target string
	}{
		{audit.Decision, "own"}, {audit.Outcome, "shelf of prod/1"},
		{audit.Decision, "own"}, {audit.Confirmation, "shelf of prod/1"}, {audit.Outcome, "shelf of prod/1"},
	}
	got := h.audit.all()
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %d records", got, len(want))
	}
	for i, r := range got {
		if r.Event != want[i].event || r.Target != want[i].target || !r.Allowed || r.By == "" || r.Class != "destructive" {
			t.Errorf("got %+v, want %v", r, want[i])
		}
		if strings.Contains(fmt.Sprintf("%+v", r), handed) {
			t.Errorf("got %+v, want no code in a record", r)
		}
	}
	if strings.Contains(h.log.String(), handed) {
		t.Errorf("got the log %s, want no code in it", h.log)
	}

	failing := steps{fail: string(audit.Confirmation)}
	d := gate.NewDispatcher(gate.Options{
		Registry: h.Registry(), Audit: &failing, Log: slog.New(slog.DiscardHandler), Capability: capability, Host: func() gate.Host { return gate.Host{} },
	})
	_, err = tooltest.Confirmed(`{"text":"web-1","confirm":"CODE"}`, func(arguments string) (gate.Result, error) {
		return d.Call(t.Context(), alice(t, everything), gate.Request{ID: "r1", Name: "remove_one", Arguments: json.RawMessage(arguments)})
	})
	if got := code(t, err); got != failure.AuditFailed || s.count() != 1 {
		t.Errorf("got %v and %d removed, want it refused", err, s.count())
	}
}

// What has no name cannot be confirmed: nobody could tell what was touched.
func TestConfirmWithoutName(t *testing.T) {
	h := newHarness(t, tool.Set{Tools: []tool.Tool{
		tool.New(define("remove_any", grant.Destructive), func(_ context.Context, call tool.Call, in removal) (message, error) {
			return message{}, call.Confirm(in.Confirmation, "", "removes it")
		}),
	}})
	for _, arguments := range []string{`{}`, `{"confirm":""}`, `{"confirm":"x"}`} {
		_, err := h.call(t.Context(), alice(t, everything), "remove_any", arguments)
		if code(t, err) != failure.ConfirmationRequired || tooltest.CodeOf(err) != "" {
			t.Errorf("%s: got %v", arguments, err)
		}
	}
}

// A host where persons have to say yes refuses what can do harm to clients that
// cannot ask, whether the tool would have asked or not.
func TestPersonHasToBeAsked(t *testing.T) {
	for _, class := range grant.Classes() {
		for _, asks := range []bool{false, true} {
			var s steps
			d := s.asking(&lockedBuffer{})
			r := gate.Request{Name: "do_" + string(class)}
			if asks {
				r.Answer = func(string) gate.Answer { return gate.Unanswered }
			}
			_, err := d.Call(t.Context(), alice(t, everything), r)
			refused := !asks && (class == grant.Destructive || class == grant.Escalating)
			if refused != (err != nil) {
				t.Errorf("%s, can ask %t: got %v", class, asks, err)
			}
			if err != nil {
				told.Check(t, err)
				if code(t, err) != failure.ConfirmationRequired || !strings.Contains(err.Error(), "tailscale-mcp-proxy") {
					t.Errorf("%s: got %v", class, err)
				}
			}
			for _, step := range s.list {
				if step == "run" && refused {
					t.Errorf("%s ran", class)
				}
			}
		}
	}
}

// What a change was confirmed with is good still where the change was not begun, because
// there were too many requests; and used up by any other failure.
func TestConfirmationOutlastsALimit(t *testing.T) {
	for _, asks := range []bool{false, true} {
		var fails error
		done := 0
		h := newHarness(t, tool.Set{Tools: []tool.Tool{
			tool.New(define("remove_one", grant.Destructive), func(_ context.Context, call tool.Call, in removal) (message, error) {
				if err := call.Confirm(in.Confirmation, "shelf of "+in.Text, "removes "+in.Text); err != nil {
					return message{}, err
				}
				if fails != nil {
					return message{}, fails
				}
				done++
				return message{Text: "removed"}, nil
			}),
		}})
		r := gate.Request{ID: "r1", Name: "remove_one", Arguments: json.RawMessage(`{"text":"web-1"}`)}
		key := ""
		if asks {
			r.Answer = func(k string) gate.Answer {
				if k == key {
					return gate.Accepted
				}
				return gate.Unanswered
			}
		}
		call := func() *failure.Error {
			t.Helper()
			_, err := h.Call(t.Context(), alice(t, everything), r)
			var told *failure.Error
			if err != nil && !errors.As(err, &told) {
				t.Fatalf("got %v", err)
			}
			return told
		}
		if e := call(); asks {
			key = e.Ask.Key
		} else {
			r.Arguments = json.RawMessage(`{"text":"web-1","confirm":"` + tooltest.CodeOf(e) + `"}`)
		}
		fails = &failure.Error{Code: failure.RateLimited, Message: "too many requests; nothing was changed", Next: "wait 10s and call again"}
		for range 3 {
			if e := call(); e == nil || e.Code != failure.RateLimited || strings.Contains(e.Next, "the code is good still") == asks {
				t.Errorf("asks %t: got %v", asks, e)
			}
		}
		fails = nil
		if e := call(); e != nil || done != 1 {
			t.Errorf("asks %t: got %v and %d removed after the wait, want it done", asks, e, done)
		}
		if e := call(); e == nil || e.Code != failure.ConfirmationRequired || done != 1 {
			t.Errorf("asks %t: got %v and %d removed, want it used up by the change", asks, e, done)
		}
	}
}
