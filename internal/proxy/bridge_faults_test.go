// SPDX-License-Identifier: MIT

package proxy

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
)

// A server that never acknowledges a subscription delays nothing else.
func TestPX22NoAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := modernOnly(serveOn(t, newMemory(), nil))
		s.listen = func(w http.ResponseWriter, r *http.Request, _ received) {
			events(w)
			<-r.Context().Done()
		}
		c := connectTo(t, s)
		c.send(asking)
		c.answer(`"init"`)
		c.send(greeting)
		s.got("POST", methodListen)
		began := time.Now()
		c.send(legacyCall("1", "x"))
		c.answer("1")
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("got the answer after %v, want it at once", took)
		}
	})
}

// A client that goes as soon as it came is not made to wait.
func TestPX22EndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := modernOnly(serveOn(t, newMemory(), nil))
		for range 10 {
			c := connectTo(t, s)
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
	})
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

// A stream that ends after the answer on it leaves its connection to the next
// call.
func TestPX22Connections(t *testing.T) {
	const calls = 20
	end := make(chan struct{})
	var mu sync.Mutex
	from := map[string]bool{}
	s := serveModern(t, map[string]tool{"stream": func(w http.ResponseWriter, r *http.Request, in received) {
		mu.Lock()
		from[r.RemoteAddr] = true
		mu.Unlock()
		events(w)("data: " + result(in, `{}`) + "\n\n")
		<-end
	}})
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	for i := range calls {
		c.send(legacyCall(fmt.Sprint(i), "stream"))
		c.answer(fmt.Sprint(i))
		c.send(legacyCall(fmt.Sprint(calls+i), "x"))
		c.answer(fmt.Sprint(calls + i))
		end <- struct{}{}
	}
	mu.Lock()
	defer mu.Unlock()
	if len(from) > calls/2 {
		t.Errorf("got %d connections for %d calls, want few", len(from), calls)
	}
}

// The ids of the proxy do not take any from the client.
func TestPX22IDsOfTheProxy(t *testing.T) {
	release := make(chan struct{})
	s := serveModern(t, map[string]tool{"slow": func(w http.ResponseWriter, r *http.Request, in received) {
		<-release
		ok(w, r, in)
	}})
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(legacyCall("1", "slow"))
	in := s.got("POST", "tools/call")
	for n := range 5 { // whatever comes next
		id := fmt.Sprintf(`"tailscale-mcp-proxy/%d"`, n+1)
		c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":`+id+`}}`, legacyCall(id, "x"))
		c.answer(id)
	}
	if string(in.msg.ID) == "1" {
		t.Errorf("got id %s", in.msg.ID)
	}
	close(release)
	c.answer("1")
}

// What the client said before it went is used: its call is carried out.
func TestPX22InputBeforeTheEnd(t *testing.T) {
	polled := make(chan struct{})
	s := serveModern(t, map[string]tool{"poll": func(w http.ResponseWriter, r *http.Request, in received) {
		if said(t, in).Params.RequestState == nil {
			<-polled
			reply(w, in, `{"resultType":"input_required","requestState":"s"}`)
			return
		}
		ok(w, r, in)
	}})
	c := connect(t, s.url(), drain(patience))
	c.send(asking)
	c.answer(`"init"`)
	c.send(legacyCall("1", "poll"))
	s.got("POST", "tools/call")
	time.AfterFunc(50*time.Millisecond, func() { close(polled) })
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if got, want := c.answer("1"), `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
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

// A server that wants nothing but to be asked again is, with what it gave.
func TestPX22Poll(t *testing.T) {
	var n atomic.Int32
	s := serveModern(t, map[string]tool{"poll": func(w http.ResponseWriter, r *http.Request, in received) {
		state, want := string(said(t, in).Params.RequestState), ""
		switch n.Add(1) {
		case 1:
			reply(w, in, `{"resultType":"input_required","requestState":"a\u0062"}`)
		case 2:
			want = `"a\u0062"`
			reply(w, in, `{"resultType":"input_required","inputRequests":{}}`)
		default:
			ok(w, r, in)
		}
		if state != want || said(t, in).Params.InputResponses != nil {
			t.Errorf("got %s, want the state %s and no responses", in.body, want)
		}
	}})
	c := connect(t, s.url())
	c.send(asking)
	c.answer(`"init"`)
	c.send(legacyCall("1", "poll"))
	if got, want := c.answer("1"), `{"jsonrpc":"2.0","id":1,"result":{"content":[]}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What a client did not offer, or nobody could answer, it is not asked.
func TestPX22InputBounds(t *testing.T) {
	var flood strings.Builder
	for i := range 101 {
		fmt.Fprintf(&flood, `,"%d":{"method":"elicitation/create"}`, i)
	}
	s := serveModern(t, map[string]tool{
		"roots": func(w http.ResponseWriter, _ *http.Request, in received) {
			reply(w, in, `{"resultType":"input_required","inputRequests":{"a":{"method":"roots/list"}}}`)
		},
		"flood": func(w http.ResponseWriter, _ *http.Request, in received) {
			reply(w, in, `{"resultType":"input_required","inputRequests":{`+flood.String()[1:]+`}}`)
		},
	})
	c := connect(t, s.url())
	c.send(strings.Replace(initialize, `,"sampling":{},"roots":{}`, ``, 1))
	c.answer(`"init"`)
	for id, want := range map[string]string{"roots": "roots/list", "flood": "101 things"} {
		c.send(legacyCall(`"`+id+`"`, id))
		if f, _ := failureIn(t, c.answer(`"`+id+`"`)); f.Code != fault.CodeInput || !strings.Contains(f.Message, want) {
			t.Errorf("%s: got %+v, want code %d with %q", id, f, fault.CodeInput, want)
		}
	}
	if len(c.lines) != 3 {
		t.Errorf("got %q, want answers only", short(c.lines))
	}
}

// What is as it should be is no error on record.
func TestPX22Quiet(t *testing.T) {
	var log syncBuffer
	s := serveModern(t, map[string]tool{"slow": func(_ http.ResponseWriter, r *http.Request, _ received) {
		<-r.Context().Done()
	}})
	c := connectWith(t, Config{Server: mustURL(t, s.url()), Log: slog.New(slog.NewTextHandler(&log, nil))})
	c.send(asking)
	c.answer(`"init"`)
	c.send(greeting)
	for i := range 5 {
		c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"resources/subscribe","params":{"uri":"test://%d"}}`, i, i))
		c.answer(fmt.Sprint(i))
	}
	c.send(legacyCall("100", "slow"))
	s.got("POST", "tools/call")
	c.silent("100")
	c.send(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":100}}`, legacyCall("101", "x"))
	c.answer("101")
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); strings.Contains(got, "error") {
		t.Errorf("got:\n%s", got)
	}
}

// A server that says little of itself is bridged to, in a version that there
// is, and is not told what it has no use for.
func TestPX22SaysLittle(t *testing.T) {
	s := serveModern(t, nil)
	s.modern = `{"supportedVersions":["2026-07-28"]}`
	c := connect(t, s.url())
	c.send(strings.Replace(asking, "2025-06-18", "1999-01-01", 1))
	want := `{"jsonrpc":"2.0","id":"init","result":{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"unknown","version":"unknown"}}}`
	if got := c.answer(`"init"`); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.send(greeting, `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	c.answer("1")
	if level, is := said(t, s.got("POST", "tools/list")).Params.Meta[jsonrpc.LogLevelKey]; is {
		t.Errorf("got log level %s, want none", level)
	}
	if n := s.count(func(r received) bool { return r.msg.Method == methodListen }); n != 0 {
		t.Errorf("got %d subscriptions, want none: it tells of nothing", n)
	}
}
