// SPDX-License-Identifier: MIT

package proxy

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A server that never acknowledges a subscription delays nothing else.
func TestPX22NoAcknowledgement(t *testing.T) {
	s := serveModern(t, nil)
	s.listen = func(w http.ResponseWriter, r *http.Request, _ received) {
		events(w)
		<-r.Context().Done()
	}
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(greeting)
	s.got("POST", methodListen)
	began := time.Now()
	c.send(legacyCall("1", "x"))
	c.answer("1")
	if took := time.Since(began); took > acknowledgeTime/2 {
		t.Errorf("got the answer after %v, want it at once", took)
	}
}

// A client that goes as soon as it came is not made to wait.
func TestPX22EndAtOnce(t *testing.T) {
	s := serveModern(t, nil)
	for range 10 {
		c := connect(t, s.url())
		c.send(asking)
		c.answer(`"init"`)
		c.send(greeting)
		began := time.Now()
		if err := c.close(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > DefaultDrain/2 {
			t.Errorf("got the end after %v, want it at once", took)
		}
	}
}

// A server may acknowledge as often as it likes.
func TestPX22AcknowledgedTwice(t *testing.T) {
	s := serveModern(t, nil)
	s.listen = func(w http.ResponseWriter, r *http.Request, in received) {
		send := events(w)
		var many strings.Builder
		for range 100 {
			acknowledge(func(m string) { many.WriteString(m) }, in)
		}
		send(many.String())
		<-r.Context().Done()
	}
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://a"}}`)
	c.answer("1")
}

// Subscriptions asked for at once are made at once.
func TestPX22SubscribeBurst(t *testing.T) {
	const many = 50
	hold := make(chan struct{})
	s := serveModern(t, nil)
	s.listen = func(w http.ResponseWriter, r *http.Request, in received) {
		send := events(w)
		<-hold
		acknowledge(send, in)
		<-r.Context().Done()
	}
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	for i := range many {
		c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"resources/subscribe","params":{"uri":"test://%d"}}`, i, i))
	}
	b := c.relay.sessions.current().bridge.Load()
	waitUntil(t, "all of them", func() bool {
		b.subscriptions.mu.Lock()
		defer b.subscriptions.mu.Unlock()
		return len(b.subscriptions.uris) == many
	})
	close(hold)
	for i := range many {
		if got := c.answer(fmt.Sprint(i)); !strings.Contains(got, `"result":{}`) {
			t.Errorf("got %s", got)
		}
	}
	if n := s.count(func(r received) bool { return r.msg.Method == methodListen }); n > many/2 {
		t.Errorf("got %d subscriptions, want few", n)
	}
	// The last one tells of all.
	if got := said(t, s.last(methodListen)).Params.Notifications.ResourceSubscriptions; len(got) != many {
		t.Errorf("got %d resources, want %d", len(got), many)
	}
}

// A subscription that its client does not wait for any more does not keep the
// client's other requests.
func TestPX22SubscribeCancelled(t *testing.T) {
	s := serveModern(t, nil)
	s.listen = func(w http.ResponseWriter, r *http.Request, _ received) {
		events(w)
		<-r.Context().Done()
	}
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://a"}}`)
	c.silent("1")
	s.got("POST", methodListen)
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	waitUntil(t, "a free slot", func() bool { return len(c.relay.sending) == 0 })
}

// A server that answers a subscription instead of taking it has not taken it.
func TestPX22NotTaken(t *testing.T) {
	s := serveModern(t, nil)
	s.listen = ok
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"resources/subscribe","params":{"uri":"test://a"}}`)
	if got := c.answer("1"); !strings.Contains(got, "without acknowledging") {
		t.Errorf("got %s, want an error that says so", got)
	}
}

// What changes between the greeting and a late acknowledgement is heard of.
func TestPX22LateAcknowledgement(t *testing.T) {
	hold := make(chan struct{})
	s := serveModern(t, nil)
	s.listen = func(w http.ResponseWriter, r *http.Request, in received) {
		send := events(w)
		<-hold
		acknowledge(send, in)
		<-r.Context().Done()
	}
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(greeting, legacyCall("1", "x"))
	c.answer("1") // it no longer waits for the acknowledgement
	close(hold)
	c.method("notifications/tools/list_changed")
}
