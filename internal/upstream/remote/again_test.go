// SPDX-License-Identifier: MIT

package remote_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/elsewhere"
	"tailscale-mcp/internal/upstream/process"
)

// TestStreamAgain: a server that ends the stream of a session at once, and asks to be asked
// again at once, is asked a few times only, whether it says something there or fails.
func TestStreamAgain(t *testing.T) {
	for name, c := range map[string]struct {
		fails bool
		least time.Duration // from the first to the third
	}{"it says something": {false, time.Second}, "it fails then": {true, 3 * time.Second / 2}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			came := make(chan time.Time, 100)
			n := 0
			far := &elsewhere.Server{Legacy: true}
			far.Before = func(w http.ResponseWriter, r *http.Request, _ elsewhere.Message) bool {
				if r.Method != http.MethodGet {
					return false
				}
				came <- time.Now()
				if n++; n > 1 && c.fails {
					w.WriteHeader(http.StatusServiceUnavailable)
					return true
				}
				w.Header().Set("Content-Type", "text/event-stream")
				fmt.Fprint(w, "retry: 1\nid: 1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n")
				return true
			}
			mustOpen(t, far, nil)
			first := <-came
			<-came
			if took := (<-came).Sub(first); took < c.least {
				t.Errorf("three times within %s", took)
			}
		})
	}
}

// TestRestAgain: a server that ends a response again and again before its answer, and asks to be
// asked for the rest at once, is asked some times a second.
func TestRestAgain(t *testing.T) {
	came := make(chan time.Time, 1000)
	far := &elsewhere.Server{Legacy: true}
	far.Before = func(w http.ResponseWriter, r *http.Request, m elsewhere.Message) bool {
		if m.Params.Name != "rest" && r.Header.Get("Last-Event-Id") == "" {
			return false
		}
		came <- time.Now()
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "retry: 1\nid: 1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n")
		return true
	}
	p := mustOpen(t, far, nil)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() {
		defer close(over)
		_, _ = call(ctx, p, "rest")
	}()
	first := <-came
	for range 4 {
		<-came
	}
	if took := (<-came).Sub(first); took < 600*time.Millisecond {
		t.Errorf("six times within %s", took)
	}
	cancel()
	<-over
}

// TestPolled: a server that ends a response whenever it has nothing to say, and asks to be asked
// again, is asked until it has the answer.
func TestPolled(t *testing.T) {
	for name, says := range map[string]string{"it numbers its events": "id: %d\ndata:\n\n", "it names a pause": "retry: 1\n\n"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const polls = 8
			id, n := "", 0
			far := &elsewhere.Server{Legacy: true}
			far.Before = func(w http.ResponseWriter, r *http.Request, m elsewhere.Message) bool {
				begins := m.Params.Name == "rest"
				if !begins && r.Header.Get("Last-Event-Id") == "" {
					return false
				}
				w.Header().Set("Content-Type", "text/event-stream")
				switch n++; {
				case begins:
					id = string(m.ID)
					fmt.Fprint(w, "id: first\nretry: 1\ndata:\n\n")
				case n <= polls:
					fmt.Fprint(w, strings.ReplaceAll(says, "%d", strconv.Itoa(n)))
				default:
					fmt.Fprintf(w, "data: {\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{\"polls\":%d}}\n\n", id, n)
				}
				return true
			}
			p := mustOpen(t, far, nil)
			if got, err := call(t.Context(), p, "rest"); err != nil || got != fmt.Sprintf(`{"polls":%d}`, polls+1) {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}

// TestMuteListening: a server that never says that it tells of changes holds up nobody for longer
// than they wait themselves.
func TestMuteListening(t *testing.T) {
	came, left := make(chan struct{}, 10), make(chan struct{}, 10)
	far := &elsewhere.Server{Modern: true}
	far.Before = func(_ http.ResponseWriter, r *http.Request, m elsewhere.Message) bool {
		if m.Method != "subscriptions/listen" {
			return false
		}
		came <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
		return true
	}
	p := mustOpen(t, far, nil)
	<-came
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Ask(ctx, process.Question{Method: "resources/subscribe", Params: json.RawMessage(`{"uri":"a:b"}`)}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	select {
	case <-left:
		t.Error("it had to wait for what was asked before")
	default:
	}
}
