// SPDX-License-Identifier: MIT

package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/jsonrpc"
)

// logger begins a process of the older era that sends log messages.
func logger(t *testing.T) (*Process, *said) {
	t.Helper()
	s := newSaid()
	p := newProcess(Options{Server: "s", Log: slog.New(slog.DiscardHandler), Heard: func(string, []byte) {}}, s)
	p.hello.Capabilities = json.RawMessage(`{"logging":{}}`)
	go p.read()
	go p.reply()
	t.Cleanup(func() {
		s.Cut()
		<-p.done
	})
	return p, s
}

// wanting is a request that wants to hear log messages, and hears what it is told.
func wanting(level string, told chan<- string) Question {
	return Question{Method: "tools/call", Params: json.RawMessage(`{"name":"` + level + `"}`), Level: level, Logged: func(params json.RawMessage) { told <- string(params) }}
}

// next is the id of what the server is sent next, which is to be of that method.
func (s *said) next(t *testing.T, method string) string {
	t.Helper()
	got := <-s.sent
	e, err := jsonrpc.Scan([]byte(got))
	if err != nil || e.Method != method {
		t.Fatalf("the server was sent %s, want %s", got, method)
	}
	return string(e.ID)
}

func (s *said) answers(id string) { s.lines <- `{"jsonrpc":"2.0","id":` + id + `,"result":{}}` }

// TestLoggedByLevel: a message that says of no request which it is of is heard with the oldest
// that wants its level, whatever those want that are older.
func TestLoggedByLevel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := logger(t)
		tolds := map[string]chan string{"debug": make(chan string, 500), "error": make(chan string, 500), "info": make(chan string, 500)}
		var ids []string
		done := make(chan error, 3)
		for _, level := range []string{"error", "info", "debug"} {
			go func() {
				_, err := p.Ask(t.Context(), wanting(level, tolds[level]))
				done <- err
			}()
			s.answers(s.next(t, "logging/setLevel"))
			ids = append(ids, s.next(t, "tools/call"))
		}
		for range 2 * mostSaid { // which no request wants in vain
			s.lines <- `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"loud","data":"none"}}`
		}
		for _, level := range []string{"debug", "info", "error"} {
			s.lines <- `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"` + level + `","data":"x"}}`
		}
		for _, id := range ids {
			s.answers(id)
		}
		for range ids {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		for level, told := range tolds {
			if len(told) != 1 {
				t.Fatalf("%s: told %d messages", level, len(told))
			}
			if got := <-told; !strings.Contains(got, `"`+level+`"`) {
				t.Errorf("%s: told %s", level, got)
			}
		}
	})
}

// TestRaiseOfNone: a server that does not answer when it is told of a level is asked all the
// same what it is asked for, once with a delay.
func TestRaiseOfNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := logger(t)
		told := 0
		for _, want := range []time.Duration{raiseTime, 0} {
			began, done := time.Now(), make(chan error, 1)
			go func() {
				_, err := p.Ask(t.Context(), wanting("info", make(chan string, 1)))
				done <- err
			}()
			for called := false; !called; {
				e, err := jsonrpc.Scan([]byte(<-s.sent))
				if err != nil {
					t.Fatal(err)
				}
				switch e.Method {
				case "logging/setLevel":
					told++
				case "tools/call":
					s.answers(string(e.ID))
					called = true
				}
			}
			if err := <-done; err != nil || time.Since(began) != want {
				t.Errorf("%v after %v, want none after %v", err, time.Since(began), want)
			}
		}
		if told != 1 {
			t.Errorf("told of its level %d times", told)
		}
	})
}

// TestRaiseAgain: a level that a server was told of with a call that was cancelled meanwhile
// it is told of again, and the call is not made.
func TestRaiseAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := logger(t)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() {
			_, err := p.Ask(ctx, wanting("info", make(chan string, 1)))
			done <- err
		}()
		s.next(t, "logging/setLevel")
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		s.next(t, "notifications/cancelled")
		go func() {
			_, err := p.Ask(t.Context(), wanting("info", make(chan string, 1)))
			done <- err
		}()
		s.answers(s.next(t, "logging/setLevel"))
		s.answers(s.next(t, "tools/call"))
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// TestRaiseEnds: who finds the server gone when it is to be told of a level learns how it has
// ended, by which a server elsewhere that has forgotten a session is asked anew.
func TestRaiseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := logger(t)
		done := make(chan error, 1)
		go func() {
			_, err := p.Ask(t.Context(), wanting("info", make(chan string, 1)))
			done <- err
		}()
		id := s.next(t, "logging/setLevel")
		var n int64
		if _, err := fmt.Sscan(id, &n); err != nil {
			t.Fatal(err)
		}
		p.unanswered(n, &Ended{Server: "s", Untouched: true})
		s.Cut()
		if ended := (*Ended)(nil); !errors.As(<-done, &ended) || !ended.Untouched {
			t.Errorf("ended: %v", ended)
		}
	})
}

// TestLoggedPastParked: a call that waits for its client to come back takes no message that
// another could be told.
func TestLoggedPastParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, s := logger(t)
		told := [2]chan string{make(chan string, 10), make(chan string, 10)}
		ids, done := [2]string{}, make(chan error, 2)
		for i := range told {
			q := wanting("info", told[i])
			q.Hears = func() bool { return i == 1 }
			go func() {
				_, err := p.Ask(t.Context(), q)
				done <- err
			}()
			if i == 0 {
				s.answers(s.next(t, "logging/setLevel"))
			}
			ids[i] = s.next(t, "tools/call")
		}
		s.lines <- `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"x"}}`
		for _, id := range ids {
			s.answers(id)
		}
		for range ids {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if len(told[0]) != 0 || len(told[1]) != 1 {
			t.Errorf("told %d and %d messages", len(told[0]), len(told[1]))
		}
	})
}
