// SPDX-License-Identifier: MIT

package proxy

import (
	"cmp"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/proxy/transport"
)

func speaking(k transport.Kind) func(Config) Config {
	return func(cfg Config) Config { cfg.Transport = k; return cfg }
}

// TestOldFoundOut: a server that refuses the POST of initialize as the specification
// says, and opens a stream instead, is spoken to in HTTP+SSE. It gets what it knows and
// nothing else.
func TestOldFoundOut(t *testing.T) {
	for _, code := range []int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			s := serveOld(t)
			s.refuse = code
			var found atomic.Value
			c := connectWith(t, Config{Server: mustURL(t, s.url()), Header: http.Header{"X-Key": {"secret"}}, Found: func(k transport.Kind) { found.Store(k) }})
			c.open()
			c.send(legacyCall("1", "x"))
			if f, bad := failureIn(t, c.answer("1")); bad {
				t.Fatalf("got error %+v", f)
			}
			s.got("POST /message", "notifications/initialized")
			if got := found.Load(); got != transport.SSE {
				t.Errorf("found %v, want %v", got, transport.SSE)
			}
			stream := s.last()
			if err := c.close(); err != nil {
				t.Fatal(err)
			}
			<-stream.gone
			var verbs []string
			for _, r := range s.all() {
				verbs = append(verbs, r.verb+" "+r.msg.Method)
				if r.header.Get("X-Key") != "secret" || r.header.Get("User-Agent") != "test" {
					t.Errorf("%s %s: got headers %v, want those of the user", r.verb, r.msg.Method, r.header)
				}
				if id := r.header.Get("Mcp-Session-Id"); id != "" {
					t.Errorf("%s %s: got the session %q, which this transport does not have", r.verb, r.msg.Method, id)
				}
				if accept := r.header.Get("Accept"); strings.HasPrefix(r.verb, "GET") && accept != "text/event-stream" {
					t.Errorf("%s: got Accept %q", r.verb, accept)
				}
			}
			if got, want := strings.Join(verbs[:3], ", "), "POST /sse initialize, GET /sse , POST /message initialize"; got != want || len(verbs) != 5 {
				t.Errorf("got %q, want %s, and two more", verbs, want)
			}
		})
	}
}

// TestOldAnyMethod: a server that answers a POST as it does a GET, by opening a stream, is
// spoken to in HTTP+SSE, or said to be such a server. Its stream has no answer.
func TestOldAnyMethod(t *testing.T) {
	for _, tt := range []struct {
		name string
		kind transport.Kind
		get  http.HandlerFunc
		want int // the code of an error; 0 is none
	}{
		{"found out", transport.Auto, nil, 0},
		{"told otherwise", transport.HTTP, nil, fault.CodeBadAnswer},
		{"no GET", transport.Auto, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusMethodNotAllowed) }, fault.CodeBadAnswer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serveOld(t)
			s.get = tt.get
			s.instead = func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost && r.URL.Path == "/sse" {
					s.stream(w, r)
					return
				}
				s.handle(w, r)
			}
			c := connectWith(t, speaking(tt.kind)(Config{Server: mustURL(t, s.url())}))
			c.send(initialize)
			if f, bad := failureIn(t, c.answer(`"init"`)); bad != (tt.want != 0) || f.Code != tt.want {
				t.Fatalf("got error %+v, want code %d", f, tt.want)
			}
			if tt.want == 0 {
				c.send(greeting, legacyCall("1", "x"))
				c.answer("1")
			}
		})
	}
}

// TestOldTold: who says which transport it is gets no other.
func TestOldTold(t *testing.T) {
	t.Run("sse", func(t *testing.T) {
		s := serveOld(t)
		c := connectWith(t, speaking(transport.SSE)(Config{Server: mustURL(t, s.url())}))
		c.open()
		c.send(legacyCall("1", "x"))
		c.answer("1")
		if n := s.count(func(r received) bool { return r.verb == "POST /sse" }); n != 0 {
			t.Errorf("got %d POSTs to the stream's URL, want none", n)
		}
	})
	t.Run("http", func(t *testing.T) {
		s := serveOld(t)
		c := connectWith(t, speaking(transport.HTTP)(Config{Server: mustURL(t, s.url())}))
		c.send(initialize)
		if f, _ := failureIn(t, c.answer(`"init"`)); f.Code != fault.CodeHTTPStatus || f.Data.HTTPStatus != http.StatusNotFound {
			t.Errorf("got %+v, want the 404", f)
		}
		if n := s.count(func(r received) bool { return strings.HasPrefix(r.verb, "GET") }); n != 0 {
			t.Errorf("got %d GETs, want none", n)
		}
	})
}

// TestOldNot: a server that is none of that kind is told from one, and what it said stays
// its answer.
func TestOldNot(t *testing.T) {
	for _, tt := range []struct {
		name string
		get  http.HandlerFunc
	}{
		{"nothing there", http.NotFound},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }},
		{"a stream that ends", func(w http.ResponseWriter, _ *http.Request) { events(w) }},
		{"another kind of stream", func(w http.ResponseWriter, _ *http.Request) { events(w)("data: {}\n\n") }},
		{"a stream without anything", func(w http.ResponseWriter, r *http.Request) { events(w); <-r.Context().Done() }},
		{"no answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }},
		{"a connection that breaks", func(w http.ResponseWriter, _ *http.Request) { cut(w) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serveOld(t)
			s.get = tt.get
			c := connect(t, s.url(), func(r *relay) { r.up.OpenTimeout = 300 * time.Millisecond })
			c.send(initialize)
			f, _ := failureIn(t, c.answer(`"init"`))
			if f.Code != fault.CodeHTTPStatus || f.Data == nil || f.Data.HTTPStatus != http.StatusNotFound {
				t.Errorf("got %+v, want the 404", f)
			}
		})
	}
	t.Run("who asks", func(t *testing.T) {
		s := serveOld(t)
		s.get = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }
		c := connect(t, s.url())
		c.send(initialize)
		if f, _ := failureIn(t, c.answer(`"init"`)); f.Code != fault.CodeHTTPStatus || f.Data.HTTPStatus != http.StatusUnauthorized {
			t.Errorf("got %+v, want the 401", f)
		}
	})
	t.Run("a refusal of MCP", func(t *testing.T) {
		s := serveOld(t)
		s.instead = refuses(t, http.StatusBadRequest, `{"jsonrpc":"2.0","id":"init","error":{"code":-32602,"message":"no such version"}}`)
		c := connect(t, s.url())
		c.send(initialize)
		if f, _ := failureIn(t, c.answer(`"init"`)); f.Code != fault.InvalidParams {
			t.Errorf("got %+v, want the server's", f)
		}
	})
}

// refuses answers a POST with this, and expects no GET.
func refuses(t *testing.T, code int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			t.Error("asked for a stream")
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_, _ = w.Write([]byte(text))
	}
}

// TestOldElsewhere: another origin gets nothing, and the client is told why.
func TestOldElsewhere(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another origin was sent something") }))
	defer other.Close()
	for _, kind := range []transport.Kind{transport.Auto, transport.SSE} {
		for _, first := range []string{other.URL + "/message", "//" + other.Listener.Addr().String() + "/m", "/m HTTP/1.1"} {
			s := serveOld(t)
			s.first = "event: endpoint\ndata: " + first + "?session=%s\n\n"
			c := connectWith(t, speaking(kind)(Config{Server: mustURL(t, s.url()), Header: http.Header{"Authorization": {"Bearer x"}}}))
			c.send(initialize)
			f, _ := failureIn(t, c.answer(`"init"`))
			if f.Code != fault.CodeBadAnswer || f.Data.Outcome != fault.NotSent || !strings.Contains(f.Message, "to send messages to") || strings.Contains(f.Message, "session=") {
				t.Errorf("%s, %s: got %+v", kind, first, f)
			}
		}
	}
}

// TestOldMisplaced: a server that does not know the path that it has from outside is told
// from a wrong --server, by the status alone.
func TestOldMisplaced(t *testing.T) {
	for _, kind := range []transport.Kind{transport.Auto, transport.SSE} {
		for _, code := range []int{http.StatusNotFound, http.StatusMethodNotAllowed} {
			s := serveOld(t)
			s.first, s.refuse = "event: endpoint\ndata: /inside?session=%s\n\n", code
			c := connectWith(t, speaking(kind)(Config{Server: mustURL(t, s.url())}))
			c.send(initialize)
			f, _ := failureIn(t, c.answer(`"init"`))
			if f.Code != fault.CodeHTTPStatus || f.Data.HTTPStatus != code || !strings.Contains(f.Message, "change paths") || strings.Contains(f.Message, "--server") {
				t.Errorf("%s, %d: got %+v", kind, code, f)
			}
		}
	}
	s := serveOld(t)
	s.does["initialize"] = func(_ *oldStream, w http.ResponseWriter, in received) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32602,"message":"no"}}`, in.msg.ID)
	}
	c := connect(t, s.url())
	c.send(initialize)
	if f, _ := failureIn(t, c.answer(`"init"`)); f.Code != fault.InvalidParams {
		t.Errorf("got %+v, want the server's", f)
	}
}

// TestOldToldWrong: errors of a server that is said to speak HTTP+SSE and does not.
func TestOldToldWrong(t *testing.T) {
	for _, tt := range []struct {
		name string
		get  http.HandlerFunc
		code int
		text string
		wait time.Duration // for the stream to begin; 0: as long as it takes
	}{
		{"404", http.NotFound, fault.CodeHTTPStatus, "HTTP 404", 0},
		{"a page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, fault.CodeBadAnswer, "text/html", 0},
		{"a message first", func(w http.ResponseWriter, _ *http.Request) { events(w)("data: {}\n\n") }, fault.CodeBadAnswer, "did not begin", 0},
		{"silence", func(w http.ResponseWriter, r *http.Request) { events(w); <-r.Context().Done() }, fault.CodeBadAnswer, "did not begin", 300 * time.Millisecond},
		{"comments only", func(w http.ResponseWriter, r *http.Request) {
			for write := events(w); r.Context().Err() == nil; write(": x\n") {
			}
		}, fault.CodeBadAnswer, "did not begin", 300 * time.Millisecond},
		{"a break", func(w http.ResponseWriter, _ *http.Request) { cut(w) }, fault.CodeInterrupted, "opening the event stream", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serveOld(t)
			s.get = tt.get
			c := connectWith(t, speaking(transport.SSE)(Config{Server: mustURL(t, s.url())}), func(r *relay) { r.up.OpenTimeout = cmp.Or(tt.wait, patience) })
			c.send(initialize)
			f, _ := failureIn(t, c.answer(`"init"`))
			if f.Code != tt.code || f.Data.Outcome != fault.NotSent || !strings.Contains(f.Message, tt.text) {
				t.Errorf("got %+v, want code %d and %q", f, tt.code, tt.text)
			}
		})
	}
}

// TestOldModernClient: a client of both eras falls back, and one of the modern era alone
// is told.
func TestOldModernClient(t *testing.T) {
	for _, kind := range []transport.Kind{transport.Auto, transport.SSE} {
		s := serveOld(t)
		c := connectWith(t, speaking(kind)(Config{Server: mustURL(t, s.url())}))
		discover := `{"jsonrpc":"2.0","id":%s,"method":"server/discover","params":{` + meta + `}}`
		c.send(fmt.Sprintf(discover, "1"))
		if f, bad := failureIn(t, c.answer("1")); !bad || f.Code <= fault.HeaderMismatch && f.Code >= -32099 {
			t.Errorf("%s: got %+v, want an error that is none of the modern era's", kind, f)
		}
		c.open()
		c.send(fmt.Sprintf(discover, "2"), modernCall("3", "x"), legacyCall("4", "x"))
		for _, id := range []string{"2", "3"} {
			if f, _ := failureIn(t, c.answer(id)); f.Code != fault.MethodNotFound {
				t.Errorf("%s: request %s: got %+v", kind, id, f)
			}
		}
		if f, bad := failureIn(t, c.answer("4")); bad {
			t.Errorf("%s: got error %+v", kind, f)
		}
		if err := c.close(); err != nil {
			t.Fatal(err)
		}
	}
}
