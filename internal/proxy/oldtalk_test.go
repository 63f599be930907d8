// SPDX-License-Identifier: MIT

package proxy

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/proxy/transport"
	"tailscale-mcp/internal/testbed/fakelocal"
)

// openOld connects a client to s and opens a session, at once.
func openOld(t *testing.T, s *oldServer, opts ...option) *client {
	t.Helper()
	c := connectWith(t, speaking(transport.SSE)(Config{Server: mustURL(t, s.url())}), opts...)
	c.open()
	s.got("POST /message", "notifications/initialized")
	return c
}

// accepted answers the POST of a call, which is all it does, but for what do sends.
func accepted(do func(s *oldStream, in received)) func(*oldStream, http.ResponseWriter, received) {
	return func(s *oldStream, w http.ResponseWriter, in received) {
		w.WriteHeader(http.StatusAccepted)
		w.(http.Flusher).Flush()
		do(s, in)
	}
}

// TestOldOrder: what a server sends before an answer reaches the client before it, and
// what it sends early is not lost.
func TestOldOrder(t *testing.T) {
	s := serveOld(t)
	s.does["initialize"] = func(st *oldStream, w http.ResponseWriter, in received) {
		st.event(`{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"early"}}`)
		oldAnswer(st, w, in)
	}
	const notes = 50
	s.does["chatty"] = accepted(func(st *oldStream, in received) {
		for i := range notes {
			st.event(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d}}`, in.msg.ID, i))
		}
		st.event(result(in, `{"content":[]}`))
	})
	c := openOld(t, s)
	c.method("notifications/message")
	for id := 1; id <= 5; id++ {
		c.send(legacyCall(fmt.Sprint(id), "chatty"))
	}
	for id := 1; id <= 5; id++ {
		c.answer(fmt.Sprint(id))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	got := map[string]int{}
	for _, l := range c.lines {
		if id := answerTo(l); id != "" && id != `"init"` && got[id] != notes {
			t.Errorf("answer %s came after %d notifications, want %d", id, got[id], notes)
		}
		if _, token, ok := strings.Cut(l, `"progressToken":`); ok {
			id, rest, _ := strings.Cut(token, ",")
			if want := fmt.Sprintf(`"progress":%d}}`, got[id]); rest != want {
				t.Fatalf("call %s: got %s, want %s", id, rest, want)
			}
			got[id]++
		}
	}
}

// TestOldServerAsks: a server asks its client, in the middle of a call, and gets the
// answer in the session.
func TestOldServerAsks(t *testing.T) {
	s := serveOld(t)
	asked := make(chan received, 1)
	s.does["ask"] = accepted(func(st *oldStream, in received) {
		asked <- in
		st.event(`{"jsonrpc":"2.0","id":7,"method":"roots/list"}`)
	})
	s.does[""] = accepted(func(st *oldStream, _ received) { st.event(result(<-asked, `{"content":[]}`)) })
	s.does["unoffered"] = accepted(func(st *oldStream, in received) {
		st.event(`{"jsonrpc":"2.0","id":8,"method":"tasks/get"}`)
		asked <- in
	})
	c := openOld(t, s)
	c.send(legacyCall("1", "ask"))
	c.method("roots/list")
	c.send(`{"jsonrpc":"2.0","id":7,"result":{"roots":[]}}`)
	c.answer("1")
	if got := s.await("the client's answer", func(r received) bool { return string(r.msg.ID) == "7" }); got.body != `{"jsonrpc":"2.0","id":7,"result":{"roots":[]}}` {
		t.Errorf("got %s", got.body)
	}
	c.send(legacyCall("2", "unoffered"))
	c.answer("2")
	if got := s.await("a refusal", func(r received) bool { return string(r.msg.ID) == "8" }); !strings.Contains(got.body, "-32601") {
		t.Errorf("got %s, want a refusal", got.body)
	}
}

// TestOldCancel: the server is told, and its late answer is not passed on.
func TestOldCancel(t *testing.T) {
	s := serveOld(t)
	late := make(chan received, 1)
	s.does["slow"] = accepted(func(_ *oldStream, in received) { late <- in })
	s.does["notifications/cancelled"] = accepted(func(st *oldStream, _ received) { st.event(result(<-late, `{"content":["late"]}`)) })
	c := openOld(t, s)
	c.silent("1")
	c.send(legacyCall("1", "slow"))
	s.got("POST /message", "tools/call")
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	s.got("POST /message", "notifications/cancelled")
	c.send(legacyCall("2", "x"))
	c.answer("2")
	if c.has("late") {
		t.Error("the answer to a cancelled request was passed on")
	}
}

// TestOldBroken: what was under way when a stream broke is answered with an error that
// says that it may have been carried out, and is not sent again. The session is opened
// anew with the client's own initialize, by itself.
func TestOldBroken(t *testing.T) {
	for name, breaks := range map[string]func(*oldStream, http.ResponseWriter, received){
		"cut":   oldCut,
		"ended": func(st *oldStream, _ http.ResponseWriter, _ received) { st.end() },
		"another endpoint": accepted(func(st *oldStream, _ received) {
			st.raw("event: endpoint\ndata: /message?session=none\n\n")
		}),
	} {
		t.Run(name, func(t *testing.T) {
			s := serveOld(t)
			s.does["fatal"] = breaks
			s.does["slow"] = accepted(func(*oldStream, received) {})
			c := openOld(t, s)
			c.send(legacyCall("1", "slow"))
			s.got("POST /message", "tools/call")
			c.send(legacyCall("2", "fatal"))
			for _, id := range []string{"1", "2"} {
				if f, _ := failureIn(t, c.answer(id)); f.Code != fault.CodeInterrupted || f.Data.Outcome != fault.Unknown {
					t.Errorf("request %s: got %+v", id, f)
				}
			}
			// Nothing is asked: the stream that ended is enough.
			again := s.got("POST /message", "initialize")
			if !strings.Contains(again.body, `"clientInfo":{"name":"t","version":"1"}`) {
				t.Errorf("got %s, want the client's initialize", again.body)
			}
			s.got("POST /message", "notifications/initialized")
			c.method("notifications/tools/list_changed")
			c.send(legacyCall("3", "x"))
			if f, bad := failureIn(t, c.answer("3")); bad {
				t.Errorf("after that: got error %+v", f)
			}
			if n := s.count(func(r received) bool { return strings.Contains(r.body, "slow") || strings.Contains(r.body, "fatal") }); n != 2 {
				t.Errorf("the calls were sent %d times, want once each", n)
			}
		})
	}
}

// TestOldForgotten: a server that knows the session no more did not take the request,
// which is sent again in a new one.
func TestOldForgotten(t *testing.T) {
	s := serveOld(t)
	c := openOld(t, s)
	s.mu.Lock()
	clear(s.streams) // which stay open
	s.mu.Unlock()
	c.send(legacyCall("1", "x"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got error %+v", f)
	}
	s.got("POST /message", "initialize")
}

// TestOldEndsAtOnce: a server that opens sessions and ends each at once is not asked
// without end.
func TestOldEndsAtOnce(t *testing.T) {
	s := serveOld(t)
	s.does["notifications/initialized"] = oldCut
	c := openOld(t, s)
	began := time.Now()
	for range 2 {
		s.got("POST /message", "initialize")
	}
	c.send(legacyCall("1", "x"))
	c.answer("1")
	n := s.count(func(r received) bool { return r.msg.Method == "initialize" })
	if most := 8 + int(time.Since(began)/time.Second); n > most {
		t.Errorf("initialize was sent %d times, want %d at most", n, most)
	}
}

// TestOldPosts: whatever the POST of a call is answered with, the call has one answer.
func TestOldPosts(t *testing.T) {
	onStream := func(st *oldStream, in received) { st.event(result(in, `{"content":["stream"]}`)) }
	for _, tt := range []struct {
		name string
		do   func(*oldStream, http.ResponseWriter, received)
		want string
		code int
	}{
		{name: "200 and a word", want: "stream", do: func(st *oldStream, w http.ResponseWriter, in received) {
			onStream(st, in)
			_, _ = io.WriteString(w, "Accepted")
		}},
		{name: "the answer first", want: "stream", do: func(st *oldStream, w http.ResponseWriter, in received) {
			onStream(st, in)
			time.Sleep(10 * time.Millisecond) // only makes the other order likely
			w.WriteHeader(http.StatusAccepted)
		}},
		{name: "no answer to the POST", want: "stream", do: func(st *oldStream, _ http.ResponseWriter, in received) {
			onStream(st, in)
			<-st.gone
		}},
		{name: "the answer in the body", want: "body", do: func(_ *oldStream, w http.ResponseWriter, in received) { reply(w, in, `{"content":["body"]}`) }},
		{name: "both", want: `"content":["`, do: func(st *oldStream, w http.ResponseWriter, in received) {
			onStream(st, in)
			reply(w, in, `{"content":["body"]}`)
		}},
		{name: "a stream as the body", want: "body", do: func(_ *oldStream, w http.ResponseWriter, in received) {
			events(w)("data: " + result(in, `{"content":["body"]}`) + "\n\n")
		}},
		{name: "a stream without end as the body", want: "stream", do: func(st *oldStream, w http.ResponseWriter, in received) {
			events(w)(": nothing\n\n")
			onStream(st, in)
			<-st.gone
		}},
		{name: "an answer to another request in the body", want: "stream", do: func(st *oldStream, w http.ResponseWriter, in received) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":99,"result":{}}`)
			w.(http.Flusher).Flush()
			onStream(st, in)
		}},
		{name: "no JSON in the body", want: "stream", do: func(st *oldStream, w http.ResponseWriter, in received) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"ok":`)
			onStream(st, in)
		}},
		{name: "an error without an id in the body", code: fault.InvalidParams, do: func(_ *oldStream, w http.ResponseWriter, _ received) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"no"}}`)
		}},
		{name: "a body that breaks off", code: fault.CodeInterrupted, do: func(_ *oldStream, w http.ResponseWriter, in received) {
			w.Header().Set("Content-Length", "1000")
			reply(w, in, `{}`)
		}},
		{name: "a stream that breaks off as the body", code: fault.CodeInterrupted, do: func(_ *oldStream, w http.ResponseWriter, in received) {
			w.Header().Set("Content-Length", "1000")
			events(w)("data: " + result(in, `{}`) + "\n")
		}},
		{name: "400", code: fault.CodeHTTPStatus, do: func(_ *oldStream, w http.ResponseWriter, _ received) { http.Error(w, "no", http.StatusBadRequest) }},
		{name: "400 with the error", code: fault.InvalidParams, do: func(_ *oldStream, w http.ResponseWriter, in received) {
			body(http.StatusBadRequest, "application/json", `{"jsonrpc":"2.0","id":`+string(in.msg.ID)+`,"error":{"code":-32602,"message":"no"}}`)(w, nil, in)
		}},
		{name: "500", code: fault.CodeHTTPStatus, do: func(_ *oldStream, w http.ResponseWriter, _ received) { http.Error(w, "no", 500) }},
		{name: "429", code: fault.CodeHTTPStatus, do: func(_ *oldStream, w http.ResponseWriter, _ received) { http.Error(w, "no", 429) }},
		{name: "a break", code: fault.CodeInterrupted, do: func(_ *oldStream, w http.ResponseWriter, _ received) { cut(w) }},
		{name: "a redirect to elsewhere", code: fault.CodeHTTPStatus, do: func(_ *oldStream, w http.ResponseWriter, _ received) {
			w.Header().Set("Location", "http://127.0.0.2:1/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}},
		{name: "twice", want: "stream", do: accepted(func(st *oldStream, in received) { onStream(st, in); onStream(st, in) })},
		{name: "rubbish before it", want: "stream", do: accepted(func(st *oldStream, in received) {
			st.raw("data: rubbish\n\nevent: other\ndata: {}\n\ndata: []\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n\n: x\n\nevent: endpoint\ndata: /message?session=" + st.id + "\n\n")
			onStream(st, in)
		})},
		{name: "over several lines", want: "stream", do: accepted(func(st *oldStream, in received) {
			st.raw("data: {\"jsonrpc\":\"2.0\",\ndata: \"id\":" + string(in.msg.ID) + ",\ndata: \"result\":{\"content\":[\"stream\"]}}\n\n")
		})},
		{name: "a member twice", code: fault.CodeBadAnswer, do: accepted(func(st *oldStream, in received) {
			st.event(`{"jsonrpc":"2.0","id":` + string(in.msg.ID) + `,"result":{},"result":{}}`)
		})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serveOld(t)
			s.does["odd"] = tt.do
			c := openOld(t, s)
			c.send(legacyCall("1", "odd"))
			got := c.answer("1")
			if f, _ := failureIn(t, got); f.Code != tt.code {
				t.Errorf("got %+v, want code %d", f, tt.code)
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %q in it", got, tt.want)
			}
			c.send(legacyCall("2", "x"))
			if f, bad := failureIn(t, c.answer("2")); bad {
				t.Errorf("after that: got error %+v", f)
			}
			if n := s.count(func(r received) bool { return r.msg.Method == "initialize" }); n != 1 {
				t.Errorf("initialize was sent %d times, want 1", n)
			}
		})
	}
}

// TestOldTaken: a POST whose answer has come on the stream is not hung up on at once: the
// message that is next on its connection was lost by that at times.
func TestOldTaken(t *testing.T) {
	s := serveOld(t)
	open := make(chan time.Duration, 1)
	s.does["untaken"] = func(st *oldStream, w http.ResponseWriter, in received) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		began := time.Now()
		st.event(result(in, `{"content":[]}`))
		_, _ = conn.Read(make([]byte, 1)) // until it is hung up
		open <- time.Since(began)
	}
	c := openOld(t, s)
	c.send(legacyCall("1", "untaken"))
	c.answer("1")
	if took := <-open; took < 900*time.Millisecond { // of the second that the server has
		t.Errorf("hung up after %v", took)
	}
}

// TestOldIDs: a server that keeps numbers as float64 rounds the id of a request, and the
// client gets its own back.
func TestOldIDs(t *testing.T) {
	s := serveOld(t)
	s.does["rounds"] = accepted(func(st *oldStream, _ received) {
		st.event(`{"jsonrpc":"2.0","id":9007199254740992,"result":{}}`)
	})
	c := openOld(t, s)
	c.send(legacyCall("9007199254740993", "rounds"))
	c.answer("9007199254740993")
	c.send(legacyCall(`"\u0061"`, "x"))
	c.answer(`"\u0061"`)
}

// TestOldTooLarge: an event over the limit ends the stream, and what was under way on it.
func TestOldTooLarge(t *testing.T) {
	large := func(in received) string {
		return result(in, `{"content":["`+strings.Repeat("x", 100_000)+`"]}`)
	}
	for where, do := range map[string]func(*oldStream, http.ResponseWriter, received){
		"on the stream": accepted(func(st *oldStream, in received) { st.event(large(in)) }),
		"in the body": func(_ *oldStream, w http.ResponseWriter, in received) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, large(in))
		},
		"in events of the body": func(_ *oldStream, w http.ResponseWriter, in received) { events(w)("data: " + large(in) + "\n\n") },
	} {
		t.Run(where, func(t *testing.T) {
			s := serveOld(t)
			s.does["large"] = do
			c := openOld(t, s, limit(50_000), func(r *relay) {
				r.up = transport.New(r.ctx, r.up.Endpoint, transport.Options{Kind: transport.SSE, MaxMessage: 50_000, Go: r.calls.workers.Go, Log: r.log})
			})
			c.send(legacyCall("1", "large"))
			if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeTooLarge || f.Data.Outcome != fault.Unknown {
				t.Errorf("got %+v", f)
			}
			c.send(legacyCall("2", "x"))
			if f, bad := failureIn(t, c.answer("2")); bad {
				t.Errorf("after that: got error %+v", f)
			}
		})
	}
}

// TestOldReplaced: where a server with HTTP+SSE was there is one with Streamable HTTP.
func TestOldReplaced(t *testing.T) {
	s := serveOld(t)
	c := connect(t, s.url())
	c.open()
	s.got("POST /message", "notifications/initialized")
	s.faultServer.mu.Lock()
	s.instead = nil
	s.faultServer.mu.Unlock()
	s.last().end()
	s.got("POST", "initialize")
	s.got("POST", "notifications/initialized")
	c.send(legacyCall("1", "x"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got error %+v", f)
	}
	for _, r := range s.all() {
		if id := r.header.Get("Mcp-Session-Id"); strings.HasPrefix(id, "tailscale-mcp-proxy") {
			t.Errorf("%s %s: got the session %q of the proxy itself", r.verb, r.msg.Method, id)
		}
	}
}

// TestOldInitializeAgain: a client that begins anew gets a new stream, and the old one
// ends.
func TestOldInitializeAgain(t *testing.T) {
	s := serveOld(t)
	c := openOld(t, s)
	first := s.last()
	c.send(strings.Replace(initialize, `"init"`, `"again"`, 1))
	c.answer(`"again"`)
	<-first.gone
	c.send(greeting, legacyCall("1", "x"))
	c.answer("1")
}

// TestOldInitializeRefused: a stream whose initialize is refused is not kept.
func TestOldInitializeRefused(t *testing.T) {
	s := serveOld(t)
	s.does["initialize"] = accepted(func(st *oldStream, in received) {
		st.event(`{"jsonrpc":"2.0","id":` + string(in.msg.ID) + `,"error":{"code":-32602,"message":"no"}}`)
	})
	c := connectWith(t, speaking(transport.SSE)(Config{Server: mustURL(t, s.url())}))
	c.send(initialize)
	s.got("POST /message", "initialize")
	stream := s.last()
	if f, _ := failureIn(t, c.answer(`"init"`)); f.Code != fault.InvalidParams {
		t.Errorf("got %+v, want the server's", f)
	}
	<-stream.gone
}

// TestOldShutdown: what is under way at the end is answered, and the stream ends.
func TestOldShutdown(t *testing.T) {
	s := serveOld(t)
	s.does["slow"] = accepted(func(*oldStream, received) {})
	c := openOld(t, s, drain(50*time.Millisecond))
	stream := s.last()
	c.send(legacyCall("1", "slow"))
	s.got("POST /message", "tools/call")
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeStopping {
		t.Errorf("got %+v", f)
	}
	<-stream.gone
}

// TestOldFlood: a server that sends without end and without being asked holds nobody up,
// and its client sees what it sent.
func TestOldFlood(t *testing.T) {
	s := serveOld(t)
	s.does["flood"] = accepted(func(st *oldStream, in received) {
		note := `{"jsonrpc":"2.0","method":"notifications/message","params":{"level":"info","data":"` + strings.Repeat("x", 1000) + `"}}`
		for range 1000 {
			st.event(note)
		}
		st.event(result(in, `{"content":[]}`))
	})
	c := openOld(t, s)
	c.send(legacyCall("1", "flood"), legacyCall("2", "x"))
	c.answer("2")
	c.answer("1")
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lines) < 1000 {
		t.Errorf("got %d lines, want all 1000 notifications", len(c.lines))
	}
}

// TestOldIdentity: the identity is on the request for the stream and on every message, as
// long as the host is a node of the tailnet, and on none after it has become another.
func TestOldIdentity(t *testing.T) {
	s := serveOld(t)
	ts := fakelocal.Start(t)
	sys := &fakelocal.System{To: s.addr()}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/sse"), Tailscaled: socket.ClientForDials(ts.Socket)}, by(sys))
	c.open()
	c.send(legacyCall("1", "x"))
	c.answer("1")
	for _, what := range []string{"POST /sse", "GET /sse", "POST /message"} {
		r := s.await(what, func(r received) bool { return r.verb == what })
		if got := sprint(identityIn(r.header)); got != alice {
			t.Errorf("%s: got %s, want %s", what, got, alice)
		}
	}
	sys.Mu.Lock()
	sys.Names = map[string][]netip.Addr{"ts-mcp": {netip.MustParseAddr("192.0.2.1")}}
	sys.Mu.Unlock()
	c.relay.up.Router.Refresh()
	c.send(legacyCall("2", "other"))
	c.answer("2")
	r := s.await("the call", func(r received) bool { return r.msg.Params.Name == "other" })
	if got := sprint(identityIn(r.header)); got != nobody {
		t.Errorf("a host that is no node: got %s", got)
	}
}

// TestOldChaos: faults at random, and every request has one answer. That is checked at the
// end, as in all tests here.
func TestOldChaos(t *testing.T) {
	s := serveOld(t)
	var breaks atomic.Int32
	odd := []func(*oldStream, http.ResponseWriter, received){
		oldAnswer, oldAnswer,
		func(st *oldStream, w http.ResponseWriter, in received) {
			oldAnswer(st, w, in)
			st.event(result(in, `{}`))
		},
		func(_ *oldStream, w http.ResponseWriter, in received) { reply(w, in, `{}`) },
		func(st *oldStream, w http.ResponseWriter, in received) {
			st.event(result(in, `{}`))
			reply(w, in, `{}`)
		},
		func(_ *oldStream, w http.ResponseWriter, _ received) {
			http.Error(w, "no", http.StatusServiceUnavailable)
		},
		func(_ *oldStream, w http.ResponseWriter, _ received) { cut(w) },
		accepted(func(st *oldStream, in received) {
			st.raw("data: rubbish\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":1,\"message\":\"\"}}\n\n")
			st.event(`{"jsonrpc":"2.0","method":"notifications/message","params":{}}`)
			st.event(result(in, `{}`))
		}),
		func(st *oldStream, w http.ResponseWriter, in received) {
			if breaks.Add(1) > 3 {
				oldAnswer(st, w, in)
				return
			}
			oldCut(st, w, in)
		},
	}
	s.does["odd"] = func(st *oldStream, w http.ResponseWriter, in received) {
		odd[rand.N(len(odd))](st, w, in) //nolint:gosec // any will do
	}
	c := openOld(t, s)
	for id := 1; id <= 400; id++ {
		c.send(legacyCall(fmt.Sprint(id), "odd"))
	}
	for id := 1; id <= 400; id++ {
		c.answer(fmt.Sprint(id))
	}
}
