// SPDX-License-Identifier: MIT

package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/jsonrpc"
)

// said is a link to a server that says what the test has it say.
type said struct {
	lines chan string
	sent  chan string
	cut   func()
	over  chan struct{}
	then  func(msg string) // called with what is sent, if it is not nil
}

func newSaid() *said {
	s := &said{lines: make(chan string), sent: make(chan string, 1000), over: make(chan struct{})}
	s.cut = sync.OnceFunc(func() { close(s.over) })
	return s
}

func (s *said) Next() (Received, error) {
	select {
	case line := <-s.lines:
		return Received{Line: jsonrpc.Line{Msg: []byte(line)}}, nil
	case <-s.over:
		return Received{}, errors.New("cut")
	}
}

func (s *said) Send(msg []byte, _ http.Header) error {
	s.sent <- string(msg)
	if s.then != nil {
		s.then(string(msg))
	}
	return nil
}

func (s *said) Finish() bool           { return false }
func (s *said) Cut()                   { s.cut() }
func (s *said) Ending(err error) error { return &Ended{Server: "s", How: err.Error()} }
func (s *said) Invocation() string     { return "" }
func (s *said) Stateless() bool        { return false }
func (s *said) Older() bool            { return false }

// asks begins a process whose client can be asked, but does not listen.
func asks(t *testing.T) (*Process, *said) {
	t.Helper()
	s := newSaid()
	p := newProcess(Options{
		Server: "s", Log: slog.New(slog.DiscardHandler), Heard: func(string, []byte) {},
		Offers: asking.Offers{Form: true}, Outside: func() asking.Func { return nil },
	}, s)
	go p.read()
	go p.reply()
	t.Cleanup(s.Cut)
	return p, s
}

// until waits for a condition.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

// TestWithdrawnIsForgotten: a server that asks and withdraws what it asked, again and again,
// has nothing of it kept.
func TestWithdrawnIsForgotten(t *testing.T) {
	p, s := asks(t)
	var kept []weak.Pointer[question]
	for i := range outsideBurst {
		s.lines <- fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"elicitation/create","params":{"message":"?"}}`, i)
		until(t, "asked", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			if len(p.posed.unclaimed) == 1 {
				kept = append(kept, weak.Make(p.posed.unclaimed[0]))
			}
			return len(p.posed.unclaimed) == 1
		})
		s.lines <- fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, i)
		until(t, "withdrawn", func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.posed.unclaimed) == 0 && len(p.posed.byID) == 0
		})
	}
	until(t, "forgotten", func() bool {
		runtime.GC()
		left := 0
		for _, q := range kept {
			if q.Value() != nil {
				left++
			}
		}
		return left < len(kept)/2 // the runtime may keep a timer that was stopped for a while
	})
}

// TestAsksOften: outside of any request a server asks so often, and is refused then.
func TestAsksOften(t *testing.T) {
	_, s := asks(t)
	for i := range outsideBurst + 5 { // a minute passes in no test
		s.lines <- fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"elicitation/create","params":{"message":"?"}}`, i)
		s.lines <- fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, i)
	}
	if got := <-s.sent; !strings.Contains(got, errOutside.Error()) {
		t.Errorf("the first refusal: %s", got)
	}
}

// TestToldAndEnded: a server that says that it tells of changes, and ends that before anybody
// has noticed, is one that does.
func TestToldAndEnded(t *testing.T) {
	for range 20 { // either could be noticed first
		p, s := asks(t)
		p.modern.Store(true)
		s.then = func(msg string) {
			e, err := jsonrpc.Scan([]byte(msg))
			if err != nil || e.Method != "subscriptions/listen" {
				t.Fatalf("%v: %s", err, msg)
			}
			p.mu.Lock()
			w := p.pending[p.last]
			p.mu.Unlock()
			s.lines <- fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/subscriptions/acknowledged","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":%s}}}`, e.ID)
			s.lines <- fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"result":{}}`, e.ID)
			until(t, "both are there", func() bool { return len(w.acknowledged) == 1 && len(w.answer) == 1 })
		}
		if err := p.listen(t.Context()); err != nil {
			t.Fatalf("it does not tell: %v", err)
		}
		s.Cut()
		<-p.Done()
	}
}

// TestLongKeys: a server of the newer era has no long keys kept until its client answers.
func TestLongKeys(t *testing.T) {
	p, _ := asks(t)
	p.modern.Store(true)
	rounds, asked := 0, false
	client := asking.Client{Offers: asking.Offers{Form: true}, Ask: func(context.Context, map[string]asking.Request) (map[string]asking.Response, error) {
		asked = true
		return nil, asking.ErrVoid
	}}
	result := `{"resultType":"input_required","inputRequests":{"` + strings.Repeat("k", longestID+1) + `":{"method":"elicitation/create","params":{"message":"?"}}}}`
	_, err := p.input(t.Context(), Question{Method: "tools/call", Asking: client}, json.RawMessage(result), &rounds)
	if err == nil || asked || !strings.Contains(err.Error(), "a key of its questions") {
		t.Errorf("asked: %v, %v", asked, err)
	}
}

// TestNullState: a state that is null is none: it is not what to ask the server with again, and
// no reason to do so.
func TestNullState(t *testing.T) {
	p, _ := asks(t)
	p.modern.Store(true)
	client := asking.Client{Offers: asking.Offers{Form: true}, Ask: func(context.Context, map[string]asking.Request) (map[string]asking.Response, error) {
		return map[string]asking.Response{"a": {Result: asking.Cancelled}}, nil
	}}
	q := Question{Method: "tools/call", Asking: client}
	rounds := 0
	more, err := p.input(t.Context(), q, json.RawMessage(`{"resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"message":"?"}}},"requestState":null}`), &rounds)
	if err != nil || len(more) != 1 || !strings.HasPrefix(string(more[0]), `"inputResponses":`) {
		t.Errorf("asked again with %s, %v", more, err)
	}
	if more, err = p.input(t.Context(), q, json.RawMessage(`{"resultType":"input_required","inputRequests":null,"requestState":null}`), &rounds); err == nil {
		t.Errorf("asked again with %s", more)
	}
}
