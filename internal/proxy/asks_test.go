// SPDX-License-Identifier: MIT

package proxy

import (
	"net/http"
	"strings"
	"testing"
)

// TestPX13Collisions: a server that forgot its session counts from the start
// again while the client still answers a request of the old one. The client
// can tell the two apart, each answer goes where it belongs, and that to the
// old session goes nowhere.
func TestPX13Collisions(t *testing.T) {
	const question = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"elicitation/create\",\"params\":{\"message\":\"?\"}}\n\n"
	answered := make(chan struct{})
	s := serve(t, map[string]tool{
		"first": func(w http.ResponseWriter, r *http.Request, _ received) {
			events(w)(question)
			<-r.Context().Done()
		},
		"second": func(w http.ResponseWriter, _ *http.Request, in received) {
			send := events(w)
			send(question)
			<-answered
			send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"reason\":\"r\",\"requestId\":1}}\n\n")
			send("data: " + result(in, `{}`) + "\n\n")
		},
	})
	c := connect(t, s.url(), drain(-1))
	c.open()
	c.send(legacyCall("1", "first"))
	old := c.method("elicitation/create")
	s.forget()
	c.send(legacyCall("2", "second"))
	fresh := c.method("elicitation/create")
	if idOf(t, old) != "1" || idOf(t, fresh) == "1" {
		t.Errorf("got ids %s and %s, want 1 and another", idOf(t, old), idOf(t, fresh))
	}
	c.send(
		`{"jsonrpc":"2.0","id":1,"result":{"to":"old"}}`,
		`{"result":{"to":"new"},"id":`+idOf(t, fresh)+`,"jsonrpc":"2.0"}`,
	)
	if got := s.got("POST", ""); got.body != `{"result":{"to":"new"},"id":1,"jsonrpc":"2.0"}` || got.header.Get("Mcp-Session-Id") != "session-2" {
		t.Errorf("got %s in %s, want the answer to the new session with its own id", got.body, got.header.Get("Mcp-Session-Id"))
	}
	close(answered)
	// A cancellation of what was answered changes nothing.
	c.method(methodCancelled)
	c.answer("2")
	if n := s.count(func(r received) bool { return r.verb == "POST" && r.msg.Method == "" }); n != 1 {
		t.Errorf("got %d answers passed on, want 1", n)
	}
}

// A cancellation by the server names the request as the client has it.
func TestPX13Cancelled(t *testing.T) {
	again := make(chan struct{})
	s := serve(t, map[string]tool{"twice": func(w http.ResponseWriter, _ *http.Request, in received) {
		send := events(w)
		send("data: {\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"roots/list\"}\n\n")
		send("data: {\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"roots/list\"}\n\n")
		<-again
		send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"a\",\"reason\":\"r\"}}\n\n")
		send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":\"b\"}}\n\n")
		send("data: " + result(in, `{}`) + "\n\n")
	}})
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "twice"))
	first, second := idOf(t, c.method("roots/list")), idOf(t, c.method("roots/list"))
	if first != `"a"` || second == `"a"` {
		t.Errorf("got ids %s and %s, want \"a\" and another", first, second)
	}
	c.send(`{"jsonrpc":"2.0","id":"a","result":{}}`)
	s.got("POST", "")
	close(again)
	if got := c.method(methodCancelled); got != `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":`+second+`,"reason":"r"}}` {
		t.Errorf("got %s, want the id %s in it", got, second)
	}
	if got := c.method(methodCancelled); !strings.Contains(got, `"requestId":"b"`) {
		t.Errorf("got %s, want it as the server sent it", got)
	}
	c.answer("1")
}

// A question without an answer keeps its id, and nothing else of its message.
func TestPX13KeepsIDsOnly(t *testing.T) {
	var asks asks
	msg := []byte(`{"id":"a"}`)
	a := asks.relayed(nil, msg[6:9])
	clear(msg)
	if string(a.id) != `"a"` || asks.take([]byte(`"a"`)) != a {
		t.Errorf("got id %q, want the one that was sent", a.id)
	}
}
