// SPDX-License-Identifier: MIT

package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
)

// TestPX9Headers: what revision 2025-11-25 asks of a client, on every verb.
func TestPX9Headers(t *testing.T) {
	s := serve(t, nil)
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "x"))
	c.answer("1")
	s.await("GET", func(r received) bool { return r.verb == "GET" })
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.taken = 0
	s.mu.Unlock()
	first := s.got("POST", "initialize")
	for _, name := range []string{"Mcp-Session-Id", "MCP-Protocol-Version", "Mcp-Method", "Last-Event-Id"} {
		if v := first.header.Get(name); v != "" {
			t.Errorf("initialize: got %s %q, want none", name, v)
		}
	}
	for _, r := range s.all()[1:] {
		what := r.verb + " " + r.msg.Method
		if v := r.header.Get("Mcp-Session-Id"); v != "session-1" {
			t.Errorf("%s: got session %q, want session-1", what, v)
		}
		if v := r.header.Get("MCP-Protocol-Version"); v != "2025-11-25" {
			t.Errorf("%s: got version %q, want 2025-11-25", what, v)
		}
		if v := r.header.Get("Mcp-Method") + r.header.Get("Mcp-Name"); v != "" {
			t.Errorf("%s: got headers of the other era, %q", what, v)
		}
		accept, contentType := r.header.Get("Accept"), r.header.Get("Content-Type")
		switch r.verb {
		case "POST":
			if accept != "application/json, text/event-stream" || contentType != "application/json" {
				t.Errorf("%s: got Accept %q and Content-Type %q", what, accept, contentType)
			}
		case "GET":
			if accept != "text/event-stream" || contentType != "" {
				t.Errorf("%s: got Accept %q and Content-Type %q", what, accept, contentType)
			}
		}
	}
	if n := s.count(func(r received) bool { return r.verb == "DELETE" }); n != 1 {
		t.Errorf("got %d DELETEs, want 1", n)
	}
}

// A server without sessions is sent no session id and no DELETE.
func TestPX9NoSession(t *testing.T) {
	s := serve(t, nil)
	s.keep = false
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "x"))
	c.answer("1")
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	for _, r := range s.all() {
		if r.verb == "DELETE" || r.header.Get("Mcp-Session-Id") != "" {
			t.Errorf("%s %s: got session %q, want none", r.verb, r.msg.Method, r.header.Get("Mcp-Session-Id"))
		}
	}
}

// What a client sends without waiting reaches the server in order: the session
// is open and greeted before it is used.
func TestPX9Pipelining(t *testing.T) {
	s := serve(t, nil)
	c := connect(t, s.url())
	c.send(initialize, greeting, legacyCall("1", "x"), legacyCall("2", "x"))
	for i := range 20 {
		c.send(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"n":%d}}`, i))
	}
	c.answer("1")
	c.answer("2")
	for i := range 20 {
		if got := s.got("POST", "notifications/progress"); !strings.Contains(got.body, fmt.Sprintf(`"n":%d}`, i)) {
			t.Fatalf("got notification %s, want n %d", got.body, i)
		}
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, r := range s.all() {
		if r.verb == "POST" && r.msg.Method != "notifications/progress" {
			order = append(order, r.msg.Method)
		}
	}
	if got, want := strings.Join(order, " "), "initialize notifications/initialized tools/call tools/call"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestPX10Stream: the stream of a session is opened, delivers, and comes back
// with the position it had.
func TestPX10Stream(t *testing.T) {
	s := serve(t, nil)
	var n atomic.Int32
	came := make(chan time.Time, 3) // by the server: this test may be late to look
	s.get = func(w http.ResponseWriter, r *http.Request) {
		came <- time.Now()
		send := events(w)
		i := n.Add(1)
		send(fmt.Sprintf("id: e%d\nretry: 30\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\",\"params\":{\"n\":%d}}\n\n", i, i))
		if i >= 3 {
			<-r.Context().Done()
		}
	}
	c := connect(t, s.url())
	c.open()
	var before time.Time
	for i := 1; i <= 3; i++ {
		got := s.await("GET", func(r received) bool { return r.verb == "GET" })
		now := <-came
		if i > 1 && now.Sub(before) < 30*time.Millisecond {
			t.Errorf("GET %d: came %v after the one before, want at least the 30 ms the server asked for", i, now.Sub(before))
		}
		before = now
		want := ""
		if i > 1 {
			want = fmt.Sprintf("e%d", i-1)
		}
		if id := got.header.Get("Last-Event-ID"); id != want {
			t.Errorf("GET %d: got Last-Event-ID %q, want %q", i, id, want)
		}
		if line := c.method("notifications/tools/list_changed"); !strings.Contains(line, fmt.Sprintf(`"n":%d}`, i)) {
			t.Errorf("got %s, want n %d", line, i)
		}
	}
}

// A call that asks the client something finds the stream open, however soon it
// follows the greeting and however long the server takes: servers drop what
// nobody listens for.
func TestPX13AskedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var open atomic.Bool
		ask := make(chan struct{})
		s := serveOn(t, newMemory(), map[string]tool{"ask": func(w http.ResponseWriter, _ *http.Request, in received) {
			asked := open.Load()
			if asked {
				close(ask)
			}
			reply(w, in, fmt.Sprintf(`{"asked":%t}`, asked))
		}})
		s.get = func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(streamWait / 2) // the server is slow to open a stream
			open.Store(true)
			send := events(w)
			select {
			case <-ask:
				send("data: {\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"elicitation/create\",\"params\":{}}\n\n")
			case <-r.Context().Done():
			}
		}
		c := connectTo(t, s)
		c.send(initialize, greeting, legacyCall("1", "ask"))
		if got := c.answer("1"); !strings.Contains(got, `"asked":true`) {
			t.Fatalf("got %s: the call was made before the stream was open", got)
		}
		c.method("elicitation/create")
	})
}

// A server that does not begin a stream before it has something to say does not
// hold up its calls.
func TestPX10SilentStream(t *testing.T) {
	s := serve(t, nil)
	s.get = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "x"))
	c.answer("1")
}

// Servers that offer no stream are left alone; those that fail are asked again.
func TestPX10NoStream(t *testing.T) {
	for _, status := range []int{http.StatusMethodNotAllowed, http.StatusBadRequest, http.StatusInternalServerError} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			s := serve(t, nil)
			s.get = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
			c := connect(t, s.url())
			c.open()
			s.await("GET", func(r received) bool { return r.verb == "GET" })
			if status >= 500 {
				s.await("a second GET", func(r received) bool { return r.verb == "GET" })
				return
			}
			c.send(legacyCall("1", "x"))
			c.answer("1")
			if n := s.count(func(r received) bool { return r.verb == "GET" }); n != 1 {
				t.Errorf("got %d GETs, want 1", n)
			}
		})
	}
}

// TestPX11Resume: a response that ends or breaks off after a numbered event is
// asked for where it was left.
func TestPX11Resume(t *testing.T) {
	for _, how := range []string{"ends", "breaks off"} {
		t.Run(how, func(t *testing.T) {
			s := serve(t, map[string]tool{"long": func(w http.ResponseWriter, _ *http.Request, _ received) {
				events(w)("id: p1\nretry: 20\ndata:\n\n")
				if how == "breaks off" {
					cut(w)
				}
			}})
			s.get = func(w http.ResponseWriter, r *http.Request) {
				switch r.Header.Get("Last-Event-ID") {
				case "":
					http.Error(w, "no stream", http.StatusMethodNotAllowed)
				case "p1": // polled once in vain
					events(w)("id: p2\n\n")
				case "p2":
					events(w)("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"resumed\":true}}\n\n")
				}
			}
			c := connect(t, s.url())
			c.open()
			c.send(legacyCall("1", "long"))
			c.method("notifications/message")
			if got := c.answer("1"); !strings.Contains(got, `"resumed":true`) {
				t.Errorf("got %s, want the resumed answer", got)
			}
			if n := s.count(func(r received) bool { return r.msg.Method == "tools/call" }); n != 1 {
				t.Errorf("got %d POSTs of the call, want 1", n)
			}
		})
	}
}

func TestPX11ResumeRefused(t *testing.T) {
	s := serve(t, map[string]tool{"long": func(w http.ResponseWriter, _ *http.Request, _ received) {
		events(w)("id: p1\nretry: 20\ndata:\n\n")
	}})
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "long"))
	if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeInterrupted || !strings.Contains(f.Message, "could not be resumed") {
		t.Errorf("got %+v, want code %d", f, fault.CodeInterrupted)
	}
}

// An event that the connection's end cuts off is asked for again: the position
// is that of the last whole one.
func TestPX11ResumeInTheMiddleOfAnEvent(t *testing.T) {
	answer := `{"jsonrpc":"2.0","id":1,"result":{"resumed":true}}`
	s := serve(t, map[string]tool{"long": func(w http.ResponseWriter, _ *http.Request, _ received) {
		events(w)("id: p1\nretry: 20\ndata:\n\nid: p2\ndata: " + answer + "\n")
		cut(w)
	}})
	s.get = func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Last-Event-ID") {
		case "p1":
			events(w)("id: p2\ndata: " + answer + "\n\n")
		default:
			http.Error(w, "nothing is left", http.StatusMethodNotAllowed)
		}
	}
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "long"))
	if got := c.answer("1"); !strings.Contains(got, `"resumed":true`) {
		t.Errorf("got %s, want the resumed answer", got)
	}
}

// An answer that comes on another stream of the session is an answer.
func TestPX11AnswerOnAnotherStream(t *testing.T) {
	ended := make(chan struct{})
	s := serve(t, map[string]tool{"lost": func(w http.ResponseWriter, r *http.Request, _ received) {
		events(w)
		close(ended)
		<-r.Context().Done()
	}})
	s.get = func(w http.ResponseWriter, r *http.Request) {
		send := events(w)
		<-ended
		send("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")
		<-r.Context().Done()
	}
	c := connect(t, s.url(), drain(100*time.Millisecond))
	c.open()
	c.send(legacyCall("1", "lost"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got %+v, want a result", f)
	}
}

// TestPX12SessionForgotten: 50 calls find the session gone. It is opened anew
// once, and each call is sent once more and no other.
func TestPX12SessionForgotten(t *testing.T) {
	const n = 50
	s := serve(t, map[string]tool{"ask": func(w http.ResponseWriter, r *http.Request, _ received) {
		events(w)("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"elicitation/create\"}\n\n")
		<-r.Context().Done()
	}})
	c := connect(t, s.url(), drain(time.Millisecond))
	c.open()
	s.got("POST", "notifications/initialized")
	c.send(legacyCall(`"ask"`, "ask"))
	c.method("elicitation/create")
	c.send(legacyCall(`"done"`, "x"))
	c.answer(`"done"`)

	s.forget()
	for i := range n {
		c.send(legacyCall(fmt.Sprint(i), "x"))
	}
	for i := range n {
		if f, bad := failureIn(t, c.answer(fmt.Sprint(i))); bad {
			t.Errorf("call %d: got %+v, want a result", i, f)
		}
	}
	c.method("notifications/tools/list_changed")

	var opened, greeted, done int
	accepted := map[string]int{}
	for _, r := range s.all() {
		switch r.msg.Method {
		case "initialize":
			opened++
		case "notifications/initialized":
			greeted++
		case "tools/call":
			if string(r.msg.ID) == `"done"` {
				done++
			}
			if r.header.Get("Mcp-Session-Id") == "session-2" {
				accepted[string(r.msg.ID)]++
			}
		}
	}
	if opened != 2 || greeted != 2 {
		t.Errorf("got %d initialize and %d initialized, want 2 of each", opened, greeted)
	}
	if done != 1 {
		t.Errorf("a call that was answered before: got it sent %d times, want 1", done)
	}
	for i := range n {
		if accepted[fmt.Sprint(i)] != 1 {
			t.Errorf("call %d: got it sent %d times in the new session, want 1", i, accepted[fmt.Sprint(i)])
		}
	}
	for _, l := range c.lines {
		if strings.Contains(l, "tailscale-mcp-proxy/") {
			t.Errorf("got %s, want nothing of the proxy's own requests", l)
		}
	}
	// The old session's question is not answered in the new one.
	c.send(`{"jsonrpc":"2.0","id":1,"result":{}}`, legacyCall(`"last"`, "x"))
	c.answer(`"last"`)
	if n := s.count(func(r received) bool { return r.msg.Method == "" && r.verb == "POST" }); n != 0 {
		t.Errorf("got %d responses passed on, want 0", n)
	}
}

// When the new session is refused too, calls say so and nothing loops.
func TestPX12NotOpenedAnew(t *testing.T) {
	s := serve(t, nil)
	c := connect(t, s.url())
	c.open()
	s.got("POST", "notifications/initialized")
	lose := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.valid = "lost for ever"
	}
	s.mu.Lock()
	s.valid = "lost"
	s.instead = func(w http.ResponseWriter, r *http.Request) {
		lose()
		s.itself(w, r)
		lose()
	}
	s.mu.Unlock()
	c.send(legacyCall("1", "x"), legacyCall("2", "x"))
	for _, id := range []string{"1", "2"} {
		if f, _ := failureIn(t, c.answer(id)); f.Code != fault.CodeHTTPStatus || f.Data == nil || f.Data.HTTPStatus != 404 {
			t.Errorf("%s: got %+v, want the 404 it is", id, f)
		}
	}
	if n := s.count(func(r received) bool { return r.msg.Method == "initialize" }); n > 4 {
		t.Errorf("got %d initialize, want a few at most", n)
	}
}

// TestPX13ServerAsks: requests of the server reach the client, however late
// the answer is, and the answer goes back to it.
func TestPX13ServerAsks(t *testing.T) {
	answered := make(chan struct{})
	s := serve(t, map[string]tool{"ask": func(w http.ResponseWriter, _ *http.Request, in received) {
		send := events(w)
		send("data: {\"jsonrpc\":\"2.0\",\"id\":12345678901234567890,\"method\":\"elicitation/create\",\"params\":{\"message\":\"?\"}}\n\n")
		<-answered
		send("data: " + result(in, `{"asked":true}`) + "\n\n")
	}})
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "ask"))
	c.method("elicitation/create")
	back := `{"jsonrpc":"2.0","id":12345678901234567890,"result":{"action":"accept"}}`
	c.send(back)
	got := s.got("POST", "")
	if got.body != back || got.header.Get("Mcp-Session-Id") != "session-1" {
		t.Errorf("got %s in session %q, want %s in session-1", got.body, got.header.Get("Mcp-Session-Id"), back)
	}
	close(answered)
	c.answer("1")
	// A second answer to it, and one to nothing, go nowhere.
	c.send(back, `{"jsonrpc":"2.0","id":5,"result":{}}`, legacyCall("2", "x"))
	c.answer("2")
	if n := s.count(func(r received) bool { return r.verb == "POST" && r.msg.Method == "" }); n != 1 {
		t.Errorf("got %d responses passed on, want 1", n)
	}
}

// TestPX14Cancel: a legacy server is told, and its late answer is dropped.
func TestPX14Cancel(t *testing.T) {
	told := make(chan struct{})
	s := serve(t, map[string]tool{"slow": func(w http.ResponseWriter, _ *http.Request, in received) {
		send := events(w)
		<-told
		send("data: " + result(in, `{}`) + "\n\n")
	}})
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "slow"))
	c.silent("1")
	s.got("POST", "tools/call")
	cancel := `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1,"reason":"no"}}`
	c.send(cancel)
	if got := s.got("POST", "notifications/cancelled"); got.body != cancel {
		t.Errorf("got %s, want %s", got.body, cancel)
	}
	close(told)
	c.send(legacyCall("2", "x"))
	c.answer("2")
}

// The server may cancel what it asked.
func TestPX14ServerCancels(t *testing.T) {
	s := serve(t, map[string]tool{"ask": func(w http.ResponseWriter, _ *http.Request, in received) {
		send := events(w)
		send("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"sampling/createMessage\"}\n\n")
		send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":1}}\n\n")
		send("data: " + result(in, `{}`) + "\n\n")
	}})
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "ask"))
	c.method("sampling/createMessage")
	c.method("notifications/cancelled")
	c.answer("1")
}

// initialize cannot be cancelled, and what was never sent needs no telling.
func TestPX14CancelBeforeSending(t *testing.T) {
	opening := make(chan struct{})
	s := serve(t, nil)
	inner := s.Config.Handler
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-opening
		inner.ServeHTTP(w, r)
	})
	c := connect(t, s.url())
	c.send(initialize, legacyCall("1", "x"))
	c.silent("1")
	c.send(
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"init"}}`,
		`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{}}`,
	)
	close(opening)
	c.answer(`"init"`)
	c.send(greeting, legacyCall("2", "x"))
	c.answer("2")
	if n := s.count(func(r received) bool {
		return r.msg.Method == "notifications/cancelled" || string(r.msg.ID) == "1"
	}); n != 0 {
		t.Errorf("got %d requests about the cancelled call, want 0", n)
	}
}

// A client that initializes again gets a session of its own; the old one ends.
func TestInitializeAgain(t *testing.T) {
	s := serve(t, nil)
	c := connect(t, s.url())
	c.open()
	s.await("the GET", func(r received) bool { return r.verb == "GET" })
	c.send(legacyCall("0", "x"))
	c.answer("0")
	c.send(strings.Replace(initialize, `"init"`, `"again"`, 1))
	c.answer(`"again"`)
	if got := s.await("DELETE", func(r received) bool { return r.verb == "DELETE" }); got.header.Get("Mcp-Session-Id") != "session-1" {
		t.Errorf("DELETE: got session %q, want session-1", got.header.Get("Mcp-Session-Id"))
	}
	c.send(greeting, legacyCall("1", "x"))
	c.answer("1")
	if got := s.got("POST", "tools/call").header.Get("Mcp-Session-Id"); got != "session-2" {
		t.Errorf("got session %q, want session-2", got)
	}
}
