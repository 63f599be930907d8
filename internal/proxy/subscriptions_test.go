// SPDX-License-Identifier: MIT

package proxy

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
)

// TestPX22Subscriptions: one modern subscription stands for what a legacy
// client is told without asking.
func TestPX22Subscriptions(t *testing.T) {
	open := make(chan received, 10)
	tell := make(chan string)
	var now atomic.Int32
	s := serveModern(t, nil)
	s.listen = func(w http.ResponseWriter, r *http.Request, in received) {
		if strings.Contains(in.body, "test://deaf") {
			send := events(w)
			in.body = strings.Replace(in.body, `"test://deaf"`, `"test://other"`, 1)
			acknowledge(send, in)
			<-r.Context().Done()
			return
		}
		send := events(w)
		acknowledge(send, in)
		now.Add(1)
		defer now.Add(-1)
		open <- in
		for {
			select {
			case event := <-tell:
				send("data: " + event + "\n\n")
			case <-r.Context().Done():
				return
			}
		}
	}
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(greeting)
	if got := said(t, <-open).Params.Notifications; !got.ToolsListChanged || got.PromptsListChanged || got.ResourceSubscriptions != nil {
		t.Errorf("got %+v, want the lists that the server tells of", got)
	}
	tell <- `{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"n":1}}`
	c.method("notifications/tools/list_changed")

	c.send(`{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://a"}}`)
	if got := c.answer("1"); !strings.Contains(got, `"result":{}`) {
		t.Errorf("subscribe: got %s, want an empty result", got)
	}
	if got := said(t, <-open).Params.Notifications; !got.ToolsListChanged || len(got.ResourceSubscriptions) != 1 || got.ResourceSubscriptions[0] != "test://a" {
		t.Errorf("got %+v, want the lists and the resource", got)
	}
	waitUntil(t, "one subscription at the server", func() bool { return now.Load() == 1 })
	tell <- `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"test://a"}}`
	c.method("notifications/resources/updated")

	c.send(`{"jsonrpc":"2.0","id":2,"method":"resources/subscribe","params":{"uri":"test://deaf"}}`)
	if got := c.answer("2"); !strings.Contains(got, "does not tell of changes to test://deaf") {
		t.Errorf("subscribe: got %s, want an error that says so", got)
	}
	c.send(`{"jsonrpc":"2.0","id":3,"method":"resources/unsubscribe","params":{"uri":"test://a"}}`)
	c.answer("3")
	if got := said(t, <-open).Params.Notifications; got.ResourceSubscriptions != nil {
		t.Errorf("got %+v, want no resource", got)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "no subscription at the server", func() bool { return now.Load() == 0 })
	for _, l := range c.lines {
		if strings.Contains(l, methodAcknowledged) {
			t.Errorf("got %s, which no client of that revision knows", l)
		}
	}
}

// waitUntil waits for what has no event to wait for.
func waitUntil(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waiting for %s in vain", what)
		}
	}
}

// TestPX18Listen: a subscription lasts over streams that break and servers that
// restart. Its client sees one acknowledgement, and hears of what it may have
// missed.
func TestPX18Listen(t *testing.T) {
	var n atomic.Int32
	s := serve(t, nil)
	s.listen = func(w http.ResponseWriter, r *http.Request, in received) {
		switch n.Add(1) {
		case 1:
			acknowledge(events(w), in)
			cut(w)
		case 2:
			http.Error(w, "starting", http.StatusServiceUnavailable)
		case 3:
			cut(w)
		case 4:
			acknowledge(events(w), in)
			<-r.Context().Done()
		}
	}
	c := connect(t, s.url())
	c.send(`{"jsonrpc":"2.0","id":"s","method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true,"resourceSubscriptions":["test://a"]},` + meta + `}}`)
	c.silent(`"s"`)
	c.method(methodAcknowledged)
	for method, want := range map[string]string{
		"notifications/tools/list_changed": `{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"_meta":{"io.modelcontextprotocol/subscriptionId":"s"}}}`,
		"notifications/resources/updated":  `{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":"test://a","_meta":{"io.modelcontextprotocol/subscriptionId":"s"}}}`,
	} {
		if got := c.method(method); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for range 4 {
		if got := s.got("POST", "subscriptions/listen"); string(got.msg.ID) != `"s"` {
			t.Errorf("got id %s, want the client's", got.msg.ID)
		}
	}
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"s"}}`, modernCall("2", "x"))
	c.answer("2")
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if len(c.lines) != 4 {
		t.Errorf("got %q, want one acknowledgement, two notifications and an answer", c.lines)
	}
}

// A subscription that is refused, or ends, is answered.
func TestPX18ListenEnds(t *testing.T) {
	end := make(chan struct{})
	s := serve(t, nil)
	var then tool
	var n atomic.Int32
	s.listen = func(w http.ResponseWriter, r *http.Request, in received) {
		if n.Add(1) > 1 {
			then(w, r, in)
			return
		}
		send := events(w)
		acknowledge(send, in)
		<-end
		send("data: " + result(in, `{"resultType":"complete"}`) + "\n\n")
	}
	listen := func(id string) string {
		return `{"jsonrpc":"2.0","id":` + id + `,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},` + meta + `}}`
	}
	c := connect(t, s.url())
	c.send(listen("1"))
	c.method(methodAcknowledged)
	close(end)
	c.answer("1")
	then = body(http.StatusServiceUnavailable, "", "no")
	c.send(listen("2"))
	if f, _ := failureIn(t, c.answer("2")); f.Code != fault.CodeHTTPStatus {
		t.Errorf("got %+v, want code %d: it was never taken", f, fault.CodeHTTPStatus)
	}
	then = func(w http.ResponseWriter, r *http.Request, in received) {
		then = body(http.StatusForbidden, "application/json", `{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"not any more"}}`)
		acknowledge(events(w), in)
		cut(w)
	}
	c.send(listen("3"))
	if got := c.answer("3"); !strings.Contains(got, "not any more") {
		t.Errorf("got %s, want the server's refusal", got)
	}
}

// A server that ends the subscription of a bridge, as one that restarts does,
// is asked for it again.
func TestPX22SubscriptionEnded(t *testing.T) {
	var n atomic.Int32
	s := serveModern(t, nil)
	s.listen = func(w http.ResponseWriter, r *http.Request, in received) {
		send := events(w)
		last := n.Add(1) > 1
		acknowledge(send, in)
		if last {
			<-r.Context().Done()
			return
		}
		send("data: " + result(in, `{"resultType":"complete"}`) + "\n\n")
	}
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(greeting)
	c.method("notifications/tools/list_changed")
	if got := n.Load(); got != 2 {
		t.Errorf("got %d subscriptions, want 2", got)
	}
}

// A server that tells of nothing is not asked to.
func TestPX22NoSubscription(t *testing.T) {
	s := serveModern(t, nil)
	s.listen = body(http.StatusNotFound, "application/json", `{"jsonrpc":"2.0","id":null,"error":{"code":-32601,"message":"no such method"}}`)
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(greeting)
	s.got("POST", "subscriptions/listen")
	c.send(`{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://a"}}`)
	if got := c.answer("1"); !strings.Contains(got, "no such method") {
		t.Errorf("got %s, want what the server says", got)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if n := s.count(func(r received) bool { return r.msg.Method == methodListen }); n != 2 {
		t.Errorf("got %d subscriptions, want the two that were refused", n)
	}
}

// A greeting that meets a server which is just starting is not the last word:
// the client is told of changes later, and of those it may have missed.
func TestPX22SubscribesAgain(t *testing.T) {
	var n atomic.Int32
	s := serveModern(t, nil)
	s.listen = func(w http.ResponseWriter, r *http.Request, in received) {
		if n.Add(1) == 1 {
			http.Error(w, "starting", http.StatusServiceUnavailable)
			return
		}
		subscribed(w, r, in)
	}
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(greeting)
	c.method("notifications/tools/list_changed")
}
