// SPDX-License-Identifier: MIT

package proxy

import (
	"net/http"
	"sync/atomic"
	"testing"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/retry"
)

// streaming makes the server offer the stream of a session, and returns the
// sessions whose stream was asked for.
func (s *faultServer) streaming() <-chan string {
	asked := make(chan string, 10)
	s.get = func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Mcp-Session-Id")
		events(w)
		<-r.Context().Done()
	}
	return asked
}

// A server that restarts before it is greeted is greeted afterwards, and its
// stream is asked for.
func TestPX12GreetedAfterAll(t *testing.T) {
	s := serve(t, nil)
	streams := s.streaming()
	c := connect(t, s.url())
	c.send(initialize)
	c.answer(`"init"`)
	s.forget()
	c.send(greeting, legacyCall("1", "x"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got %+v, want a result", f)
	}
	s.await("the greeting of session-2", func(r received) bool {
		return r.msg.Method == methodInitialized && r.header.Get("Mcp-Session-Id") == "session-2"
	})
	if got := <-streams; got != "session-2" {
		t.Errorf("got a stream of %s, want session-2", got)
	}
}

// A greeting that meets a busy server is sent again; where it is refused for
// good, the next request tries all of it anew.
func TestPX12GreetingRefused(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		want   string // the session in the end
	}{
		{"busy", http.StatusServiceUnavailable, "session-2"},
		{"refused", http.StatusBadRequest, "session-3"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, nil)
			streams := s.streaming()
			inner := s.Config.Handler
			var refused, forgotten atomic.Bool
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if forgotten.Load() && r.Header.Get("Mcp-Session-Id") == "session-2" && refused.CompareAndSwap(false, true) {
					http.Error(w, "not now", tt.status)
					return
				}
				inner.ServeHTTP(w, r)
			})
			c := connect(t, s.url())
			c.open()
			<-streams
			s.forget()
			forgotten.Store(true)
			c.send(legacyCall("1", "x"))
			if _, bad := failureIn(t, c.answer("1")); bad != (tt.want == "session-3") {
				t.Errorf("the call that found the session forgotten: failed %v", bad)
			}
			for id := "2"; ; id += "0" { // asked no more often than reopenAfter
				c.send(legacyCall(id, "x"))
				if _, bad := failureIn(t, c.answer(id)); !bad {
					break
				}
				if retry.Sleep(t.Context(), reopenAfter); len(id) > 10 {
					t.Fatal("the session is not opened anew")
				}
			}
			if got := <-streams; got != tt.want {
				t.Errorf("got a stream of %s, want %s", got, tt.want)
			}
		})
	}
}

// A request that a server makes in a session which the proxy gave up is
// answered, so that a call of that session does not wait for ever.
func TestPX12AskedInAnOldSession(t *testing.T) {
	begun, ask := make(chan struct{}), make(chan struct{})
	s := serve(t, map[string]tool{
		"ask": func(w http.ResponseWriter, r *http.Request, _ received) {
			send := events(w)
			close(begun)
			<-ask
			send("data: {\"jsonrpc\":\"2.0\",\"id\":\"q\",\"method\":\"elicitation/create\",\"params\":{}}\n\n")
			<-r.Context().Done()
		},
		"gone": body(http.StatusNotFound, "text/plain", "no such thing"),
	})
	c := connect(t, s.url(), drain(-1))
	c.open()
	c.send(legacyCall("1", "ask"))
	<-begun
	c.send(legacyCall("2", "gone")) // taken for the end of the session, which goes on
	c.answer("2")
	close(ask)
	s.await("an answer to what it asked", func(r received) bool {
		return string(r.msg.ID) == `"q"` && r.header.Get("Mcp-Session-Id") == "session-1"
	})
}

// A stream that the server resumes and ends again without a word, and without
// saying when to come back, is not resumed for ever.
func TestPX11ResumeEmpty(t *testing.T) {
	s := serve(t, map[string]tool{"lost": func(w http.ResponseWriter, _ *http.Request, _ received) {
		events(w)("id: 1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n")
	}})
	s.get = func(w http.ResponseWriter, _ *http.Request) { events(w) }
	c := connect(t, s.url())
	c.open()
	c.send(legacyCall("1", "lost"))
	if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeInterrupted {
		t.Errorf("got %+v, want code %d", f, fault.CodeInterrupted)
	}
}
