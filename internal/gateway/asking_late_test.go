// SPDX-License-Identifier: MIT

package gateway_test

import (
	"bytes"
	"net/http"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/upstream/servers"
)

// nothingWaits waits until nobody waits for an answer, and no call is in flight.
func (b *bench) nothingWaits(t *testing.T) {
	t.Helper()
	var stacks bytes.Buffer
	defer func() {
		if t.Failed() {
			t.Logf("%+v\n%s", b.front.Stats(), stacks.String())
		}
	}()
	eventually(t, "nothing waits for an answer", func() bool {
		stacks.Reset()
		_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
		if s := b.front.Stats(); s.Calls > 0 || s.BodyBytes > 0 {
			return false
		}
		for _, waits := range []string{"(*Session).Put", "(*exchange).askNow", "(*Process).put", "(*Process).settled"} {
			if strings.Contains(stacks.String(), waits) {
				return false
			}
		}
		return true
	})
}

// TestTooLate: a client with a session that does not answer in time is told that nobody waits
// any more, and the server that nobody has answered; an answer that comes later is for nobody.
func TestTooLate(t *testing.T) {
	b := newBench(t, func(o *servers.Options) { o.AnswerTime = 100 * time.Millisecond })
	b.Odd("odd", `{"ask":["sampling","roots"]}`)
	b.approve(t, "odd", nil)
	b.both()
	alice := b.alice().asking(t, "odd", everything)
	late := func(s *stream) {
		t.Helper()
		for _, id := range s.questions(t, 1) {
			s.await(t, `"notifications/cancelled","params":{"requestId":`+id)
			if status := alice.answer(t, "odd", id, `{"action":"accept","content":{"at":"too late"}}`); status != http.StatusAccepted {
				t.Errorf("an answer that comes too late is taken with status %d", status)
			}
		}
	}
	for said, arguments := range map[string]map[string]any{
		`the client answers {\"action\":\"cancel\"}`: form(nil),
		"nobody has answered in time":                {"method": "roots/list"},
		`{\"action\":\"cancel\"}\nthe client answers {\"action\":\"cancel\"}\nthe client answers {\"action\":\"cancel\"}`: form(map[string]any{"times": 3}),
	} {
		call := alice.start(t, "odd", "ask", arguments)
		late(call)
		<-call.over
		if got := call.text(); !strings.Contains(last("\ndata: "+got), said) {
			t.Errorf("of a call the server heard %s, want %s", got, said)
		}
	}
	ears := alice.listen(t, "odd")
	ears.opened(t)
	outside := 0
	for there := false; !there; outside++ { // on a slow host the time of one may be over before it is on the stream
		if outside == 10 {
			t.Fatal("of ten questions none came on the stream")
		}
		if got, asked := alice.call(t, "odd", "ask", form(map[string]any{"outside": true}), accept); !strings.Contains(got, "asked later") || len(asked) > 0 {
			t.Errorf("%s, asked %v", got, asked)
		}
		for end := time.Now().Add(2 * time.Second); !there && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			there = questionID.MatchString(ears.text())
		}
	}
	late(ears)
	eventually(t, "the server hears that nobody has answered", func() bool {
		return strings.Count(alice.call2(t, "odd", "heard"), `action\\\":\\\"cancel`) == 4+outside
	})
	if got := alice.call2(t, "odd", "heard"); strings.Contains(got, "too late") {
		t.Errorf("the server heard %s", got)
	}
	ears.hangUp()
	<-ears.over
	b.nothingWaits(t)
}

// TestAnswersBeyondCalls: an answer, the word that a call is cancelled and the end of a session
// come through when the caller has as many calls in flight as it may: these may wait for
// nothing else.
func TestAnswersBeyondCalls(t *testing.T) {
	b := newBenchWithin(t, front.Limits{Calls: 3})
	b.Odd("odd", `{"ask":["sampling","roots"]}`)
	b.approve(t, "odd", nil)
	b.both()
	var alice [3]legacyAsker
	for i := range alice {
		alice[i] = b.alice().asking(t, "odd", everything)
	}
	var calls [3]*stream
	full := func() (ids []string) {
		t.Helper()
		for i, c := range alice {
			calls[i] = c.start(t, "odd", "ask", form(nil))
			ids = append(ids, calls[i].questions(t, 1)[0])
		}
		if status, text := alice[0].post(t.Context(), t, "odd", "tools/call", map[string]any{"name": "echo"}); status != http.StatusTooManyRequests || !strings.Contains(text, "3 calls in flight") {
			t.Errorf("a fourth call: status %d, %s", status, text)
		}
		return ids
	}
	ids := full()
	for range 8 { // and take no room
		if status := alice[0].answer(t, "odd", `"ask-AAAAAAAAAAAAAAAAAAAAAAAAAA"`, accept); status != http.StatusAccepted {
			t.Errorf("an answer to nothing: status %d", status)
		}
	}
	ears := alice[0].listen(t, "odd") // which is a stream and not a call
	ears.opened(t)
	for i, c := range alice {
		if status := c.answer(t, "odd", ids[i], accept); status != http.StatusAccepted {
			t.Errorf("an answer: status %d", status)
		}
		calls[i].await(t, "the client answers")
		<-calls[i].over
	}
	full()
	alice[0].cancelID(t, "odd", 7)
	<-calls[0].over
	calls[0] = alice[0].start(t, "odd", "ask", form(nil))
	calls[0].questions(t, 1)
	for i, c := range alice {
		if status := c.end(t, "odd"); status != http.StatusNoContent {
			t.Errorf("a session ends with the status %d", status)
		}
		<-calls[i].over
	}
	<-ears.over
	b.nothingWaits(t)
	if s := b.front.Stats(); s.Streams > 0 {
		t.Errorf("left: %+v", s)
	}
}

// TestNoLongerGranted: a server does not get the answer of a client to which its call is not
// granted any more, and what a person wants then is not done.
func TestNoLongerGranted(t *testing.T) {
	b := askedBench(t)
	b.Odd("careful", `{"confirm":["destructive"]}`)
	b.approve(t, "careful", nil)
	const all, less = `{"tools":["odd/*","careful/*"]}`, `{"tools":["odd/heard","careful/heard"]}`
	b.grant("alice@example.com", all)
	alice := b.alice().asking(t, "odd", everything)
	call := alice.start(t, "odd", "ask", form(nil))
	id := call.questions(t, 1)[0]
	b.grant("alice@example.com", less)
	if status := alice.answer(t, "odd", id, `{"action":"accept","content":{"n":"secret"}}`); status != http.StatusAccepted {
		t.Errorf("status %d", status)
	}
	<-call.over
	if got := call.text() + alice.call2(t, "odd", "heard"); strings.Contains(got, "secret") || !strings.Contains(got, "no longer granted") {
		t.Errorf("the server heard %s", got)
	}
	b.grant("alice@example.com", all)
	careful := b.alice().asking(t, "careful", everything)
	call = careful.start(t, "careful", "count", nil)
	id = call.questions(t, 1)[0]
	b.grant("alice@example.com", less)
	if status := careful.answer(t, "careful", id, accept); status != http.StatusAccepted {
		t.Errorf("status %d", status)
	}
	<-call.over
	if got := call.text(); strings.Contains(got, "1 of") || !strings.Contains(got, "access_denied") {
		t.Errorf("a change that is not granted any more: %s", got)
	}
}
