// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// follow has a plan followed and, when until is closed, tells the actor to stop;
// a nil until stops it when everything is sent.
func follow(t *testing.T, p plan, until <-chan struct{}) report {
	t.Helper()
	commands, in := io.Pipe()
	out, news := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := act(commands, news)
		_ = news.CloseWithError(err)
		ended <- err
	}()
	if err := json.NewEncoder(in).Encode(p); err != nil {
		t.Fatal(err)
	}
	if until != nil {
		go func() {
			<-until
			in.Close()
		}()
	}
	d := json.NewDecoder(out)
	var nothing struct{}
	if err := d.Decode(&nothing); err != nil {
		t.Fatal(err)
	}
	if until == nil {
		in.Close()
	}
	var r report
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	return r
}

const goodAnswer = `{"jsonrpc":"2.0","id":1,"result":{}}`

func serve(t *testing.T, h http.HandlerFunc) (target string) {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// TestCallsAreCounted: as many as the plan says, each another, by how it ended.
func TestCallsAreCounted(t *testing.T) {
	var mu sync.Mutex
	bodies := map[string]bool{}
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		bodies[string(body)] = true
		if len(bodies) > 6 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
		fmt.Fprint(w, goodAnswer)
	})
	r := follow(t, plan{Target: target, Calls: &calls{Message: toolCall(legacy, "get_whois", foreign), AtOnce: 3, AtMost: 10}}, nil)
	if r.Sent != 10 || r.Answers["200"] != 6 || r.Answers["429"] != 4 || len(bodies) != 10 {
		t.Errorf("got %+v and %d different bodies, want 10: 6 × 200, 4 × 429", r, len(bodies))
	}
}

// TestCallsHangUp: the attacker does not wait for an answer.
func TestCallsHangUp(t *testing.T) {
	target := serve(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	r := follow(t, plan{Target: target, Calls: &calls{AtOnce: 5, AtMost: 5, HangUp: 50 * time.Millisecond}}, nil)
	if r.Sent != 5 || r.Answers[hungUp] != 5 {
		t.Errorf("got %+v, want 5 × hung up", r)
	}
}

// TestCallsThatWereNotSent: nobody listens to them, so they prove nothing.
func TestCallsThatWereNotSent(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // takes a little of each
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	long := message{Revision: legacy, Method: "tools/call", Body: strings.Repeat("a", 8*mebibyte)}
	r := follow(t, plan{Target: ln.Addr().String(), Calls: &calls{Message: long, AtOnce: 2, AtMost: 2, HangUp: 50 * time.Millisecond}}, nil)
	if r.Sent != 2 || r.Answers[partly] != 2 {
		t.Errorf("got %+v, want 2 × %s", r, partly)
	}
}

// TestActorEndsWithItsParent: a flood without a number goes on until standard
// input ends.
func TestActorEndsWithItsParent(t *testing.T) {
	var n atomic.Int64
	enough := make(chan struct{})
	target := serve(t, func(http.ResponseWriter, *http.Request) {
		if n.Add(1) == 50 {
			close(enough)
		}
	})
	if r := follow(t, plan{Target: target, Calls: &calls{AtOnce: 2}}, enough); r.Sent < 50 {
		t.Errorf("got %+v, want 50 requests at least", r)
	}
}

// TestHeldConnections: those that are answered and kept, and those that are reset.
func TestHeldConnections(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for i := 0; ; i++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			switch {
			case i < 4:
				fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			case i < 7:
				fmt.Fprint(c, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n")
				_ = c.(*net.TCPConn).CloseWrite()
			case i < 9:
				_ = c.(*net.TCPConn).SetLinger(0)
				c.Close()
			}
		}
	}()
	r := follow(t, plan{Target: ln.Addr().String(), Hold: &hold{Connections: 10, AtOnce: 1, Await: true}}, nil)
	want := map[string]int{"200": 4, "429": 3, "reset": 2, silence: 1}
	if r.Sent != 10 || r.Held != 5 || fmt.Sprint(r.Answers) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %v, 5 of them held", r, want)
	}
}

// TestVictim: her calls are good ones, or say what was wrong.
func TestVictim(t *testing.T) {
	var n atomic.Int64
	enough := make(chan struct{})
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) {
		case 2:
			w.WriteHeader(http.StatusServiceUnavailable)
		case 3:
			fmt.Fprint(w, `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"rate_limited: x"}],"isError":true}}`)
		case 4:
			panic(http.ErrAbortHandler)
		case 5: // cut off
			w.Header().Set("Content-Length", "100")
			fmt.Fprint(w, goodAnswer)
		case 7:
			close(enough)
			fallthrough
		default:
			fmt.Fprint(w, goodAnswer)
		}
	})
	// The actor has nothing to send but what it is told to stop.
	var out bytes.Buffer
	in, end := io.Pipe()
	go func() {
		_ = json.NewEncoder(end).Encode(plan{Target: target, Victim: &victim{Every: time.Millisecond}})
		<-enough
		end.Close()
	}()
	if err := act(in, &out); err != nil {
		t.Fatal(err)
	}
	var r report
	d := json.NewDecoder(&out)
	var nothing struct{}
	if err := d.Decode(&nothing); err != nil {
		t.Fatal(err)
	}
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	var problems []string
	for _, c := range r.Calls {
		if c.Problem != "" {
			problems = append(problems, c.Problem)
		}
	}
	if want := "list_peers: 503|list_all_devices: 200 rate_limited|whoami: reset|list_peers: reset"; len(r.Calls) < 7 || strings.Join(problems, "|") != want {
		t.Errorf("got %q of %d calls, want %q", problems, len(r.Calls), want)
	}
}

// TestHonestWork: all connections are made, and refusals are seen.
func TestHonestWork(t *testing.T) {
	var n atomic.Int64
	enough := make(chan struct{})
	target := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Mcp-Method") == "subscriptions/listen" {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			return
		}
		switch n.Add(1) {
		case 40:
			w.WriteHeader(http.StatusTooManyRequests)
		case 41:
			close(enough)
		}
		fmt.Fprint(w, goodAnswer)
	})
	r := follow(t, plan{Target: target, Honest: &honest{Clients: 3, Servers: 2, Burst: 8, Every: 10 * time.Millisecond}}, enough)
	if r.Answers["429"] != 1 || r.Sent != r.Answers["200"]+1 || r.Sent < 6*2+4+2+24 {
		t.Errorf("got %+v, want all of it answered but for one", r)
	}
}

// TestMessagesAreWhole: what goes over the wire by hand is what net/http sends.
func TestMessagesAreWhole(t *testing.T) {
	for _, m := range []message{{}, listen(), initialize(), toolCall(modern, "whoami", `{}`), toolCall(legacy, "whoami", `{}`)} {
		var got []string
		target := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			got = append(got, fmt.Sprint(r.Method, r.URL, r.Header.Get("Mcp-Method"), r.Header.Get("Mcp-Name"), r.Header.Get("MCP-Protocol-Version"), r.Header.Get("Content-Type"), string(body)))
		})
		if how := answer(t.Context(), http.DefaultClient, target, m); !strings.HasPrefix(how, "200") {
			t.Fatalf("%+v: %s", m, how)
		}
		follow(t, plan{Target: target, Hold: &hold{Message: m, Connections: 1, AtOnce: 1, Await: true}}, nil)
		if len(got) != 2 || got[0] != got[1] {
			t.Errorf("got %q, want the same twice", got)
		}
		if m.Body != "" && !json.Valid([]byte(m.Body)) {
			t.Errorf("no JSON: %s", m.Body)
		}
	}
}
