// SPDX-License-Identifier: MIT

package proxy

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
)

// TestPX16Headers: what revision 2026-07-28 asks of every POST, from the body.
func TestPX16Headers(t *testing.T) {
	s := serve(t, nil)
	c := connect(t, s.url())
	c.send(
		modernCall("1", "plain"),
		modernCall("2", `wörld`),
		`{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"file:///a b",`+meta+`}}`,
		`{"jsonrpc":"2.0","id":4,"method":"tools/list","params":{`+strings.Replace(meta, "2026-07-28", "2027-01-01", 1)+`}}`,
	)
	want := map[string][3]string{
		"1": {"2026-07-28", "tools/call", "plain"},
		"2": {"2026-07-28", "tools/call", "=?base64?d8O2cmxk?="},
		"3": {"2026-07-28", "resources/read", "file:///a b"},
		"4": {"2027-01-01", "tools/list", ""},
	}
	for range want {
		r := s.await("a POST", func(r received) bool { return r.verb == "POST" && !ofProxy(r) })
		got := [3]string{r.header.Get("MCP-Protocol-Version"), r.header.Get("Mcp-Method"), r.header.Get("Mcp-Name")}
		if w := want[string(r.msg.ID)]; got != w {
			t.Errorf("%s: got %q, want %q", r.msg.ID, got, w)
		}
		if id := r.header.Get("Mcp-Session-Id"); id != "" {
			t.Errorf("%s: got session %q, want none", r.msg.ID, id)
		}
	}
	for id := range want {
		c.answer(id)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if n := s.count(func(r received) bool { return r.verb != "POST" }); n != 0 {
		t.Errorf("got %d requests that are no POST, want 0", n)
	}
}

// Both eras can be spoken at once: each message decides for itself.
func TestPX16ErasSideBySide(t *testing.T) {
	s := serve(t, nil)
	c := connect(t, s.url())
	c.send(modernCall("1", "x"))
	c.answer("1")
	c.open()
	c.send(modernCall("2", "x"), legacyCall("3", "x"))
	c.answer("2")
	c.answer("3")
	for _, r := range s.all() {
		version, session := r.header.Get("MCP-Protocol-Version"), r.header.Get("Mcp-Session-Id")
		switch string(r.msg.ID) {
		case "1", "2":
			if version != "2026-07-28" || session != "" {
				t.Errorf("%s: got version %q and session %q, want 2026-07-28 and none", r.msg.ID, version, session)
			}
		case "3":
			if version != "2025-11-25" || session != "session-1" {
				t.Errorf("%s: got version %q and session %q, want 2025-11-25 and session-1", r.msg.ID, version, session)
			}
		}
	}
}

// TestPX18Cancel: the server sees its response closed and is sent nothing.
func TestPX18Cancel(t *testing.T) {
	closed := make(chan struct{}, 2)
	s := serve(t, map[string]tool{"slow": func(w http.ResponseWriter, r *http.Request, _ received) {
		send := events(w)
		send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n")
		<-r.Context().Done()
		closed <- struct{}{}
	}})
	for _, keep := range []string{"alone", "in a session"} {
		t.Run(keep, func(t *testing.T) {
			c := connect(t, s.url())
			if keep == "in a session" {
				c.open()
			}
			c.send(modernCall(`"c"`, "slow"))
			c.silent(`"c"`)
			c.method("notifications/progress")
			c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"c"}}`)
			select {
			case <-closed:
			case <-time.After(patience):
				t.Fatal("the server does not see its response closed")
			}
			c.send(modernCall("2", "x"))
			c.answer("2")
			// Of what is not in flight, a modern server is told nothing either.
			if keep == "alone" {
				c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"gone"}}`, modernCall("3", "x"))
				c.answer("3")
			}
			if n := s.count(func(r received) bool { return r.msg.Method == "notifications/cancelled" }); n != 0 {
				t.Errorf("got %d notifications/cancelled, want 0", n)
			}
		})
	}
}

// A modern server asks nothing of a client, and says nothing after its answer.
func TestModernStreamRules(t *testing.T) {
	s := serve(t, map[string]tool{"rude": func(w http.ResponseWriter, _ *http.Request, in received) {
		send := events(w)
		send("data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n\n")
		send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"n\":1}}\n\n")
		send("data: {\"jsonrpc\":\"2.0\",\"id\":\"other\",\"result\":{}}\n\n")
		send("data: " + result(in, `{}`) + "\n\n")
		send("data: " + result(in, `{"again":true}`) + "\n\n")
		send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{\"n\":2}}\n\n")
	}})
	c := connect(t, s.url())
	c.send(modernCall("1", "rude"))
	c.answer("1")
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if len(c.lines) != 2 || !strings.Contains(c.lines[0], `"n":1`) {
		t.Errorf("got %q, want the first notification and the answer", c.lines)
	}
}

// TestPX20Broken: a broken response is one error that says what may be done.
func TestPX20Broken(t *testing.T) {
	s := serve(t, map[string]tool{"break": func(w http.ResponseWriter, _ *http.Request, _ received) {
		// An event id: streams of this era cannot be resumed all the same.
		events(w)("id: 1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n")
		cut(w)
	}})
	c := connect(t, s.url())
	c.send(modernCall("1", "break"))
	if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeInterrupted || !strings.Contains(f.Message, "new id") || f.Data.Outcome != fault.Unknown {
		t.Errorf("got %+v, want code %d and the advice to use a new id", f, fault.CodeInterrupted)
	}
	if n := s.count(func(r received) bool { return !ofProxy(r) }); n != 1 {
		t.Errorf("got %d requests, want the one: nothing is repeated", n)
	}
}

// TestPX21Probe: server/discover is answered within two seconds, whatever the
// server does, with an error that is none of a modern server.
func TestPX21Probe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newMemory()
		s := serveOn(t, l, nil)
		s.Config.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-s.gone:
			}
		})
		c := connectWith(t, Config{Server: mustURL(t, s.url()), Dial: l.dial})
		begin := time.Now()
		c.send(`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{` + meta + `}}`)
		f, bad := failureIn(t, c.answer("1"))
		if took := time.Since(begin); took > 2*time.Second {
			t.Errorf("got an answer after %v, want it within 2s", took)
		}
		if !bad || f.Code >= -32768 && f.Code <= -32000 {
			t.Errorf("got %+v, want an error outside the reserved codes", f)
		}
	})
}

// TestPX23Fallback: what a legacy server says to the probe of a client of both
// eras is never taken for the answer of a modern one, and initialize then works.
func TestPX23Fallback(t *testing.T) {
	for name, says := range map[string]tool{
		"no session":           body(http.StatusBadRequest, "text/plain", "Bad Request: no valid session ID provided"),
		"unknown session":      body(http.StatusNotFound, "text/plain", "no such session"),
		"not initialized":      body(http.StatusBadRequest, "application/json", `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Server not initialized"}}`),
		"unsupported version":  body(http.StatusBadRequest, "application/json", `{"jsonrpc":"2.0","id":"server-error","error":{"code":-32600,"message":"Unsupported protocol version"}}`),
		"unknown method":       body(http.StatusOK, "application/json", `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"Method not found"}}`),
		"something else":       body(http.StatusOK, "text/html", "<html>"),
		"nothing":              body(http.StatusAccepted, "", ""),
		"nothing, and no more": func(w http.ResponseWriter, _ *http.Request, _ received) { cut(w) },
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, nil)
			s.discover = says
			c := connect(t, s.url())
			c.send(`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{` + meta + `}}`)
			f, bad := failureIn(t, c.answer("1"))
			if !bad || f.Code <= -32020 && f.Code >= -32099 {
				t.Errorf("got %+v, want an error that is none of the modern era's", f)
			}
			c.open()
			c.send(legacyCall("2", "x"))
			if _, bad := failureIn(t, c.answer("2")); bad {
				t.Error("a call in the older era fails")
			}
		})
	}
}

// TestPX19NothingRemembered: what a server needs for the next round of a
// request is the client's to keep; the proxy passes it on untouched, and
// nothing of one request gets into another.
func TestPX19NothingRemembered(t *testing.T) {
	const wants = `{"resultType":"input_required","requestState":"\u0061 opaque/+=","inputRequests":{"k":{"method":"roots/list"}},"n":1.0}`
	s := serve(t, map[string]tool{"ask": func(w http.ResponseWriter, _ *http.Request, in received) { reply(w, in, wants) }})
	c := connect(t, s.url())
	c.send(strings.Replace(modernCall("1", "ask"), `clientCapabilities":{}`, `clientCapabilities":{"roots":{}}`, 1))
	if got, want := c.answer("1"), `{"jsonrpc":"2.0","id":1,"result":`+wants+`}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	retry := `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"other","inputResponses":{"k":{"roots":[]}},"requestState":"\u0061 opaque/+=",` + meta + `}}`
	c.send(retry)
	c.answer("2")
	c.send(modernCall("3", "x"))
	c.answer("3")
	all := slices.DeleteFunc(s.all(), ofProxy)
	if len(all) != 3 || all[1].body != retry || all[2].body != modernCall("3", "x") {
		t.Errorf("got %+v, want the three requests as they were sent", all)
	}
	first := all[0].header
	first.Del("Content-Length")
	first.Del("Mcp-Name")
	last := all[2].header
	last.Del("Content-Length")
	last.Del("Mcp-Name")
	if !maps.EqualFunc(first, last, slices.Equal) {
		t.Errorf("got headers %v after %v, want the same", last, first)
	}
}
