// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed/fakelocal"
)

// mishap is something that can go wrong with one call, and its answer.
type mishap struct {
	name   string
	tool   tool
	code   int
	status int
	says   string // part of the message
	body   string // shown of the server's
}

// TestPX7Errors: an error of the server is delivered as it is, on any HTTP
// status; of an HTTP error without one, the client gets the status and no more
// text than a person can use.
func TestPX7Errors(t *testing.T) {
	large := strings.Repeat("no ", 5000)
	mishaps(t, []mishap{
		{name: "error in 200", tool: rpcError(200, "-5"), code: -5, says: "because"},
		{name: "error in 400", tool: rpcError(400, "-32602"), code: -32602, says: "because"},
		{name: "error in 403", tool: rpcError(403, "403"), code: 403, says: "because"},
		{name: "error in 404", tool: rpcError(404, "-32601"), code: -32601, says: "because"},
		{name: "error in 429", tool: rpcError(429, "7"), code: 7, says: "because"},
		{name: "error in 500", tool: rpcError(500, "-32603"), code: -32603, says: "because"},
		{name: "error with null id", tool: body(400, "application/json", `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"because"}}`), code: -32600, says: "because"},
		{name: "error without id", tool: body(403, "application/json", "{\n\"jsonrpc\":\"2.0\",\"error\":{\"code\":9,\"message\":\"because\"}}"), code: 9, says: "because"},
		{name: "error in events", tool: func(w http.ResponseWriter, _ *http.Request, _ received) {
			events(w)(`data: {"jsonrpc":"2.0","id":null,"error":{"code":9,"message":"because"}}` + "\n\n")
		}, code: 9, says: "because"},

		{name: "400 text", tool: body(400, "text/plain", "bad thing"), code: fault.CodeHTTPStatus, status: 400, says: "400 Bad Request", body: "bad thing"},
		{name: "401 as OAuth says it", tool: body(401, "application/json", `{"error":"invalid_token","error_description":"none"}`), code: fault.CodeHTTPStatus, status: 401, says: "--header-file", body: `{"error":"invalid_token"`},
		{name: "403 as others say it", tool: body(403, "application/json", `{"error":{"message":"no key","code":"invalid_api_key"}}`), code: fault.CodeHTTPStatus, status: 403, says: "grant", body: `{"error":{"message"`},
		{name: "403 empty", tool: body(403, "", ""), code: fault.CodeHTTPStatus, status: 403, says: "grant"},
		{name: "405", tool: body(405, "", ""), code: fault.CodeHTTPStatus, status: 405, says: "/mcp"},
		{name: "429 with Retry-After", tool: func(w http.ResponseWriter, _ *http.Request, _ received) {
			w.Header().Set("Retry-After", "3")
			w.WriteHeader(429)
		}, code: fault.CodeHTTPStatus, status: 429, says: "later"},
		{name: "500 page", tool: body(500, "text/html", "<html>secret</html>"), code: fault.CodeHTTPStatus, status: 500},
		{name: "502 long text", tool: body(502, "text/plain", large), code: fault.CodeHTTPStatus, status: 502, body: "no no"},
		{name: "500 a result in it", tool: func(w http.ResponseWriter, _ *http.Request, in received) {
			w.WriteHeader(500)
			_, _ = io.WriteString(w, result(in, `{}`))
		}, code: fault.CodeHTTPStatus, status: 500, body: `{"jsonrpc"`},
		{name: "302", tool: func(w http.ResponseWriter, r *http.Request, _ received) {
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}, code: fault.CodeHTTPStatus, status: 302},
	})
}

// TestPX6OneAnswer: responses without an answer in them.
func TestPX6OneAnswer(t *testing.T) {
	mishaps(t, []mishap{
		{name: "202", tool: body(202, "", ""), code: fault.CodeBadAnswer, says: "202"},
		{name: "204", tool: body(204, "", ""), code: fault.CodeBadAnswer, says: "204"},
		{name: "wrong content type", tool: body(200, "text/html", "<html>"), code: fault.CodeBadAnswer, says: "text/html"},
		{name: "JSON of no content type", tool: func(w http.ResponseWriter, _ *http.Request, in received) {
			w.Header()["Content-Type"] = nil
			_, _ = io.WriteString(w, result(in, `{}`))
		}, code: fault.CodeBadAnswer},
		{name: "truncated JSON", tool: body(200, "application/json", `{"jsonrpc":"2.0","id":1,"resu`), code: fault.CodeBadAnswer, says: "not valid JSON"},
		{name: "empty JSON", tool: body(200, "application/json", ""), code: fault.CodeBadAnswer},
		{name: "not UTF-8", tool: body(200, "application/json", "{\"id\":1,\"result\":\"\xff\"}"), code: fault.CodeBadAnswer, says: "UTF-8"},
		{name: "batch", tool: body(200, "application/json", `[{"jsonrpc":"2.0","id":1,"result":{}}]`), code: fault.CodeBadAnswer, says: "batch"},
		{name: "a request", tool: body(200, "application/json", `{"jsonrpc":"2.0","id":1,"method":"ping"}`), code: fault.CodeBadAnswer},
		{name: "JSON cut off", tool: func(w http.ResponseWriter, _ *http.Request, in received) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "500")
			_, _ = io.WriteString(w, result(in, `{`))
			cut(w)
		}, code: fault.CodeInterrupted},
		{name: "no response", tool: func(w http.ResponseWriter, _ *http.Request, _ received) { cut(w) }, code: fault.CodeInterrupted, says: "may have been carried out"},
		{name: "events without the answer", tool: func(w http.ResponseWriter, _ *http.Request, _ received) {
			events(w)("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\n")
		}, code: fault.CodeInterrupted, says: "ended"},
		{name: "events cut off", tool: func(w http.ResponseWriter, _ *http.Request, in received) {
			events(w)("data: " + result(in, `{}`) + "\n")
			cut(w)
		}, code: fault.CodeInterrupted, says: "broke off"},
		{name: "events of garbage", tool: func(w http.ResponseWriter, _ *http.Request, _ received) {
			events(w)("data: garbage\n\ndata: []\n\ndata: {}\n\n")
		}, code: fault.CodeInterrupted},
		{name: "events answering something else", tool: func(w http.ResponseWriter, _ *http.Request, _ received) {
			events(w)("data: {\"jsonrpc\":\"2.0\",\"id\":\"other\",\"result\":{}}\n\n")
		}, code: fault.CodeInterrupted},
		{name: "event of another type", tool: func(w http.ResponseWriter, _ *http.Request, in received) {
			events(w)("event: endpoint\ndata: " + result(in, `{}`) + "\n\n")
		}, code: fault.CodeInterrupted},
	})
}

// mishaps checks that each mishap has one answer, at once, and that the
// connection goes on: in both eras and across the bridge between them.
func mishaps(t *testing.T, tests []mishap) {
	t.Helper()
	tools := map[string]tool{}
	for _, tt := range tests {
		tools[tt.name] = tt.tool
	}
	for _, era := range []string{"legacy", "modern", "bridged"} {
		s := serve(t, tools)
		call := legacyCall
		switch era {
		case "modern":
			call = modernCall
		case "bridged":
			s.modern, s.only, s.keep = discovered, true, false
		}
		c := connect(t, s.url())
		if era != "modern" {
			c.open()
		}
		for i, tt := range tests {
			t.Run(era+"/"+tt.name, func(t *testing.T) {
				id := fmt.Sprintf(`"%s %d"`, era, i)
				c.send(call(id, tt.name))
				got := c.answer(id)
				f, _ := failureIn(t, got)
				if f.Code != tt.code || !strings.Contains(f.Message, tt.says) {
					t.Fatalf("got %s, want code %d and a message with %q", got, tt.code, tt.says)
				}
				if tt.status == 0 {
					return
				}
				if f.Data == nil || f.Data.HTTPStatus != tt.status {
					t.Fatalf("got data %+v, want status %d", f.Data, tt.status)
				}
				if !strings.HasPrefix(f.Data.Body, tt.body) || (f.Data.Body == "") != (tt.body == "") || len(f.Data.Body) > 1<<10 {
					t.Errorf("got body %q, want one like %q of at most %d bytes", f.Data.Body, tt.body, 1<<10)
				}
				if tt.status == 429 && f.Data.RetryAfter != "3" {
					t.Errorf("got Retry-After %q, want 3", f.Data.RetryAfter)
				}
			})
		}
		c.send(call("99", "fine"))
		if f, bad := failureIn(t, c.answer("99")); bad {
			t.Errorf("%s, after all that: got %+v, want a result", era, f)
		}
	}
}

// rpcError is a tool that answers with a JSON-RPC error in this HTTP status.
func rpcError(status int, code string) tool {
	return func(w http.ResponseWriter, _ *http.Request, in received) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":%s,"message":"because"}}`, in.msg.ID, code)
	}
}

// TestPX6NoServer: no connection can be made.
func TestPX6NoServer(t *testing.T) {
	const nobody = "127.0.0.1:1" // not a port that was let go of: somebody else may have that by then
	tests := []struct{ name, url, says string }{
		{"connection refused", "http://" + nobody + "/mcp", nobody + " refused the connection; "},
		{"unknown name", "http://no-such-host/mcp", "cannot resolve"},
		{"the same over TLS", "https://" + nobody + "/mcp", nobody + " refused the connection; "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sys := &fakelocal.System{To: nobody}
			c := connect(t, tt.url, by(sys))
			c.send(initialize, greeting, legacyCall("1", "x"), modernCall("2", "x"))
			for _, id := range []string{`"init"`, "1", "2"} {
				f, _ := failureIn(t, c.answer(id))
				if f.Code != fault.CodeUnreachable || !strings.Contains(f.Message, tt.says) || f.Data == nil || f.Data.Outcome != fault.NotSent {
					t.Errorf("%s: got %+v, want code %d and a message with %q", id, f, fault.CodeUnreachable, tt.says)
				}
			}
		})
	}
}

// TestPX6TLS: what fails before a request was sent says so; and https is a way
// to a node of the tailnet as http is (PX26).
func TestPX6TLS(t *testing.T) {
	plain := serve(t, nil)
	secret := httptest.NewUnstartedServer(plain)
	secret.Config.ErrorLog = log.New(io.Discard, "", 0)
	secret.StartTLS()
	t.Cleanup(secret.Close)
	tests := []struct {
		name, url string
		code      int
		says      string
	}{
		{"https to a server of http", "https" + strings.TrimPrefix(plain.url(), "http"), fault.CodeUnreachable, "the server speaks http there; write " + plain.url()},
		{"http to a server of https", "http" + strings.TrimPrefix(secret.URL, "https") + "/mcp", fault.CodeHTTPStatus, "the server speaks https there: write https://"},
		{"certificate of nobody", secret.URL + "/mcp", fault.CodeUnreachable, "with a certificate for this name?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := connect(t, tt.url)
			c.send(modernCall("1", "x"))
			if f, _ := failureIn(t, c.answer("1")); f.Code != tt.code || f.Data.Outcome == fault.Unknown || !strings.Contains(f.Message, tt.says) {
				t.Errorf("got %+v, want code %d, an outcome that is known, and %q", f, tt.code, tt.says)
			}
		})
	}
	// The certificate is that of the name, whatever address is dialed.
	t.Run("trusted, at a node of the tailnet", func(t *testing.T) {
		ts := fakelocal.Start(t)
		sys := &fakelocal.System{To: secret.Listener.Addr().String(), Names: map[string][]netip.Addr{"example.com": {fakelocal.ServerIP}}}
		c := connectWith(t, Config{Server: mustURL(t, "https://example.com/mcp"), Tailscaled: socket.ClientForDials(ts.Socket)}, by(sys))
		c.relay.up.Router.Pick().Transport.TLSClientConfig = secret.Client().Transport.(*http.Transport).TLSClientConfig
		c.send(modernCall("1", "x"))
		if f, bad := failureIn(t, c.answer("1")); bad {
			t.Errorf("got %+v, want a result", f)
		}
		if got := sprint(identityIn(plain.got("POST", "tools/call").header)); got != alice {
			t.Errorf("identity: got %s, want %s", got, alice)
		}
		if got := sys.Dials(); !slices.Equal(got, []string{"100.64.0.2:443"}) {
			t.Errorf("got connections %q, want one to the node", got)
		}
	})
}

// A redirect is followed within the server and never to another host, which
// would learn who asks.
func TestPX26Redirects(t *testing.T) {
	other := serve(t, nil)
	var s *faultServer
	s = serve(t, map[string]tool{
		"within": func(w http.ResponseWriter, r *http.Request, in received) {
			if r.URL.Path == "/there" {
				reply(w, in, `{}`)
				return
			}
			http.Redirect(w, r, "/there", http.StatusPermanentRedirect)
		},
		"elsewhere": func(w http.ResponseWriter, r *http.Request, _ received) {
			http.Redirect(w, r, other.url(), http.StatusTemporaryRedirect)
		},
		"round": func(w http.ResponseWriter, r *http.Request, _ received) {
			http.Redirect(w, r, s.url(), http.StatusTemporaryRedirect)
		},
	})
	c := connect(t, s.url())
	c.send(modernCall("1", "within"), modernCall("2", "elsewhere"), modernCall("3", "round"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("within the server: got %+v, want a result", f)
	}
	if f, _ := failureIn(t, c.answer("2")); f.Code != fault.CodeHTTPStatus || !strings.Contains(f.Message, "refused") {
		t.Errorf("to another host: got %+v, want it refused", f)
	}
	if f, bad := failureIn(t, c.answer("3")); !bad {
		t.Errorf("round and round: got %+v, want an error", f)
	}
	if n := len(other.all()); n != 0 {
		t.Errorf("the other host: got %d requests, want 0", n)
	}
}

// TestPX5Concurrent: 300 calls are in flight at once, and a fast one passes
// them all.
func TestPX5Concurrent(t *testing.T) {
	const n = 300
	release := make(chan struct{})
	s := serve(t, map[string]tool{"slow": func(w http.ResponseWriter, _ *http.Request, in received) {
		<-release
		reply(w, in, `{"slow":`+string(in.msg.ID)+`}`)
	}})
	c := connect(t, s.url())
	c.open()
	for i := range n {
		if i%2 == 0 {
			c.send(legacyCall(fmt.Sprint(i), "slow"))
		} else {
			c.send(modernCall(fmt.Sprint(i), "slow"))
		}
	}
	for range n {
		s.got("POST", "tools/call")
	}
	c.send(legacyCall(`"fast"`, "x"))
	c.answer(`"fast"`)
	close(release)
	for i := range n {
		if got, want := c.answer(fmt.Sprint(i)), fmt.Sprintf(`{"slow":%d}`, i); !strings.Contains(got, want) {
			t.Errorf("got %s, want %s in it", got, want)
		}
	}
}

// TestPX5Order: what a call notifies comes before its answer and in order,
// however many calls there are.
func TestPX5Order(t *testing.T) {
	const calls, each = 20, 20
	s := serve(t, map[string]tool{"steps": func(w http.ResponseWriter, _ *http.Request, in received) {
		send := events(w)
		for i := range each {
			send(fmt.Sprintf("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{\"progressToken\":%s,\"progress\":%d}}\n\n", in.msg.ID, i))
		}
		send("data: " + result(in, `{}`) + "\n\n")
	}})
	c := connect(t, s.url())
	c.open()
	for i := range calls {
		c.send(legacyCall(fmt.Sprint(i), "steps"))
	}
	for i := range calls {
		c.answer(fmt.Sprint(i))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	next := map[int]int{}
	for _, l := range c.lines {
		var token, step int
		if _, err := fmt.Sscanf(l, `{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%d,"progress":%d}}`, &token, &step); err == nil {
			if next[token] != step {
				t.Errorf("call %d: got step %d, want %d", token, step, next[token])
			}
			next[token]++
			continue
		}
		var id int
		if _, err := fmt.Sscanf(l, `{"jsonrpc":"2.0","id":%d,`, &id); err == nil && next[id] != each {
			t.Errorf("call %d: got its answer after %d steps, want %d", id, next[id], each)
		}
	}
}

// TestPX8Notifications: none is answered, whatever the server says to it.
func TestPX8Notifications(t *testing.T) {
	s := serve(t, nil)
	s.keep = false
	c := connect(t, s.url())
	c.open()
	c.send(`{"jsonrpc":"2.0","method":"notifications/roots/list_changed"}`)
	s.got("POST", "notifications/roots/list_changed")
	s.Close()
	c.send(`{"jsonrpc":"2.0","method":"notifications/progress","params":{}}`)
	c.send(legacyCall("1", "x"))
	c.answer("1") // an error
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if len(c.lines) != 2 {
		t.Errorf("got %q, want only the answers to initialize and to 1", c.lines)
	}
}

// A request whose id is in flight is not answered twice.
func TestPX6DuplicateID(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, map[string]tool{"slow": func(w http.ResponseWriter, _ *http.Request, in received) {
		<-release
		ok(w, nil, in)
	}})
	c := connect(t, s.url())
	c.send(modernCall("1", "slow"))
	s.got("POST", "tools/call")
	c.send(modernCall("1", "slow"), modernCall("1.0", "slow"), `{"id":1}`)
	c.silent("1.0")
	c.send(modernCall("2", "fast"))
	c.answer("2")
	close(release)
	c.answer("1")
	// Once answered it may be used again.
	c.mu.Lock()
	c.asked["1"] = 0
	c.mu.Unlock()
	c.send(modernCall("1", "fast"))
	c.answer("1")
	c.mu.Lock()
	delete(c.asked, "1")
	c.mu.Unlock()
}

// TestPX24ServerComesLater: a server that is not there at the start is used
// when it is.
func TestPX24ServerComesLater(t *testing.T) {
	l := newMemory()
	serveOn(t, l, nil).run()
	var there atomic.Bool
	c := connectWith(t, Config{Server: mustURL(t, "http://memory/mcp"), Dial: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !there.Load() {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return l.dial(ctx, network, addr)
	}})
	c.send(initialize, modernCall("1", "x"))
	for _, id := range []string{`"init"`, "1"} {
		if f, _ := failureIn(t, c.answer(id)); f.Code != fault.CodeUnreachable {
			t.Errorf("%s, without server: got %+v, want code %d", id, f, fault.CodeUnreachable)
		}
	}
	there.Store(true)
	c.mu.Lock()
	delete(c.asked, `"init"`) // used twice on purpose
	c.mu.Unlock()
	c.open()
	c.send(legacyCall("2", "x"), modernCall("3", "x"))
	for _, id := range []string{"2", "3"} {
		if f, bad := failureIn(t, c.answer(id)); bad {
			t.Errorf("%s, with server: got %+v, want a result", id, f)
		}
	}
	c.mu.Lock()
	delete(c.asked, `"init"`)
	c.mu.Unlock()
}
