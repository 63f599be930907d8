// SPDX-License-Identifier: MIT

package proxy

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
)

// hang is a tool that answers when the test says so, or never.
func hang(release <-chan struct{}) tool {
	return func(w http.ResponseWriter, r *http.Request, in received) {
		select {
		case <-release:
			ok(w, r, in)
		case <-r.Context().Done():
		}
	}
}

// timeless runs a subtest in which time passes only while everything waits.
func timeless(t *testing.T, name string, test func(t *testing.T)) {
	t.Helper()
	t.Run(name, func(t *testing.T) { synctest.Test(t, test) })
}

// TestPX15 is how the relay ends. However that is: what is in flight gets its
// time, then an answer, the session is ended, and all takes less than 3 s. That is the relay's
// own time: of what a slow host takes besides, nothing is counted.
func TestPX15End(t *testing.T) {
	for _, how := range []string{"stdin ends", "signal"} {
		end := func(c *client) {
			if how == "signal" {
				c.stop()
				return
			}
			_ = c.stdin.Close()
		}
		timeless(t, how+"/calls in flight finish", func(t *testing.T) {
			release := make(chan struct{})
			s := serveOn(t, newMemory(), map[string]tool{"slow": hang(release)})
			c := connectTo(t, s)
			c.open()
			c.send(legacyCall("1", "slow"), modernCall("2", "slow"))
			s.got("POST", "tools/call")
			s.got("POST", "tools/call")
			end(c)
			time.AfterFunc(50*time.Millisecond, func() { close(release) })
			for _, id := range []string{"1", "2"} {
				if f, bad := failureIn(t, c.answer(id)); bad {
					t.Errorf("%s: got %+v, want a result", id, f)
				}
			}
			if err := c.close(); err != nil {
				t.Errorf("got %v, want a clean end", err)
			}
			if n := s.count(func(r received) bool { return r.verb == "DELETE" }); n != 1 {
				t.Errorf("got %d DELETEs, want 1", n)
			}
		})
		timeless(t, how+"/calls that do not finish", func(t *testing.T) {
			s := serveOn(t, newMemory(), map[string]tool{"slow": hang(nil)})
			c := connectTo(t, s)
			c.open()
			c.send(legacyCall("1", "slow"), modernCall("2", "slow"))
			s.got("POST", "tools/call")
			s.got("POST", "tools/call")
			begin := time.Now()
			end(c)
			for _, id := range []string{"1", "2"} {
				if f, _ := failureIn(t, c.answer(id)); f.Code != fault.CodeStopping || f.Data.Outcome != fault.Unknown {
					t.Errorf("%s: got %+v, want code %d", id, f, fault.CodeStopping)
				}
			}
			if err := c.close(); err != nil {
				t.Errorf("got %v, want a clean end", err)
			}
			if took := time.Since(begin); took < DefaultDrain || took > 3*time.Second {
				t.Errorf("took %v, want between %v and 3s", took, DefaultDrain)
			}
		})
		timeless(t, how+"/a stream of news does not hold it up", func(t *testing.T) {
			s := serveOn(t, newMemory(), nil)
			inner := s.Config.Handler
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Mcp-Method") == methodListen {
					events(w)("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/subscriptions/acknowledged\"}\n\n")
					<-r.Context().Done()
					return
				}
				inner.ServeHTTP(w, r)
			})
			c := connectTo(t, s, drain(patience))
			c.send(`{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{` + meta + `}}`)
			c.method("notifications/subscriptions/acknowledged")
			end(c)
			if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeStopping {
				t.Errorf("got %+v, want code %d", f, fault.CodeStopping)
			}
		})
		timeless(t, how+"/the server hangs", func(t *testing.T) {
			s := serveOn(t, newMemory(), nil)
			inner := s.Config.Handler
			s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodDelete {
					<-s.gone
					return
				}
				inner.ServeHTTP(w, r)
			})
			c := connectTo(t, s)
			c.open()
			begin := time.Now()
			end(c)
			if err := c.close(); err != nil {
				t.Errorf("got %v, want a clean end", err)
			}
			if took := time.Since(begin); took > 3*time.Second {
				t.Errorf("took %v, want less than 3s", took)
			}
		})
	}
}

// What was in the pipe when it ended is still done.
func TestPX15EndRightAfterTheLastLine(t *testing.T) {
	s := serve(t, nil)
	c := connect(t, s.url(), drain(patience))
	c.send(initialize, greeting, legacyCall("1", "x"), modernCall("2", "x"))
	_ = c.stdin.Close()
	for _, id := range []string{`"init"`, "1", "2"} {
		if f, bad := failureIn(t, c.answer(id)); bad {
			t.Errorf("%s: got %+v, want a result", id, f)
		}
	}
}

// Requests that are read while the end is under way are told so.
func TestPX15ReadWhileEnding(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, map[string]tool{"slow": hang(release)})
	c := connect(t, s.url(), drain(patience))
	c.send(modernCall("1", "slow"))
	s.got("POST", "tools/call")
	c.stop()
	// The signal is seen when calls are closing; until then they are taken.
	for begin, id := time.Now(), 2; ; id++ {
		c.send(modernCall(fmt.Sprint(id), "x"))
		if f, bad := failureIn(t, c.answer(fmt.Sprint(id))); bad {
			if f.Code != fault.CodeStopping || f.Data.Outcome != fault.NotSent {
				t.Errorf("got %+v, want code %d and not sent", f, fault.CodeStopping)
			}
			break
		}
		if time.Since(begin) > patience/2 {
			t.Fatal("calls are taken for as long as the end takes")
		}
	}
	close(release)
	c.answer("1")
}

// A client that closed its end of stdout is gone.
func TestPX15StdoutBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveOn(t, newMemory(), map[string]tool{"slow": hang(nil)})
		c := connectTo(t, s)
		c.open()
		c.send(legacyCall("1", "slow"))
		s.got("POST", "tools/call")
		begin := time.Now()
		_ = c.stdout.CloseWithError(errors.New("broken pipe"))
		c.send(legacyCall("2", "x"))
		c.silent("1")
		c.silent("2")
		if err := c.close(); err == nil || !strings.Contains(err.Error(), "writing stdout") {
			t.Errorf("got %v, want the error of stdout", err)
		}
		if took := time.Since(begin); took > time.Second {
			t.Errorf("took %v, want it at once", took)
		}
		if n := s.count(func(r received) bool { return r.verb == "DELETE" }); n != 1 {
			t.Errorf("got %d DELETEs, want 1", n)
		}
	})
}

// A client that reads nothing any more does not keep the relay from ending.
func TestPX15StdoutBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := serveOn(t, newMemory(), nil)
		inR, inW := io.Pipe()
		outR, outW := io.Pipe() // never read
		r := newRelay(t.Context(), Config{Server: mustURL(t, s.url()), Dial: s.dial, Drain: 50 * time.Millisecond}, outW)
		ended := make(chan error, 1)
		go func() { ended <- r.run(t.Context(), inR) }()
		if _, err := io.WriteString(inW, modernCall("1", "x")+"\n"); err != nil {
			t.Fatal(err)
		}
		s.got("POST", "tools/call")
		_ = inW.Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("got %v, want a clean end", err)
			}
		case <-time.After(3 * time.Second):
			t.Error("still running after 3s")
		}
		_ = outR.Close()
	})
}

// A broken stdin is an error, after what was read was done.
func TestPX15StdinBreaks(t *testing.T) {
	s := serve(t, nil)
	var out strings.Builder
	err := Run(t.Context(), Config{Server: mustURL(t, s.url()), Drain: patience},
		io.MultiReader(strings.NewReader(modernCall("1", "x")+"\n"), iotest.ErrReader(errors.New("torn"))), &out)
	if err == nil || !strings.Contains(err.Error(), "reading stdin: torn") {
		t.Errorf("got %v, want the error of stdin", err)
	}
	if !strings.Contains(out.String(), `"id":1`) {
		t.Errorf("got %q, want the answer to 1", out.String())
	}
}
