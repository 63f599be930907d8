// SPDX-License-Identifier: MIT

package proxy

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/jsonrpc/mirror"
	"tailscale-mcp/internal/proxy/endpoint"
)

// TestPX17Unknown: before a call of an unknown tool the tools are asked for,
// all pages, for the client and unseen by it.
func TestPX17Unknown(t *testing.T) {
	s := serve(t, nil)
	s.lists(func(w http.ResponseWriter, _ *http.Request, in received) {
		send := events(w)
		send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":{}}\n\n")
		switch {
		case strings.Contains(in.body, `"cursor":"p3"`):
			send("data: " + result(in, `{"tools":[`+defined("c", region)+`]}`) + "\n\n")
		case strings.Contains(in.body, `"cursor":""`): // which is not the end
			send("data: " + result(in, `{"tools":[],"nextCursor":"p3"}`) + "\n\n")
		default:
			send("data: " + result(in, `{"tools":[`+defined("a", region)+`],"nextCursor":""}`) + "\n\n")
		}
	})
	c := connect(t, s.url())
	more := `"_meta":{"progressToken":7,"io.modelcontextprotocol/logLevel":"debug","example.com/k":[1.0],`
	c.send(strings.Replace(callWith("1", "c", `{"region":"r"}`), `"_meta":{`, more, 1))
	c.answer("1")
	c.send(callWith("2", "a", `{"region":"s"}`), callWith("3", "nobody", `{"region":"no"}`), callWith("4", "nobody", `{"region":"no"}`))
	for _, id := range []string{"2", "3", "4"} {
		c.answer(id)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if len(c.lines) != 4 {
		t.Errorf("got %q, want the four answers and nothing else", c.lines)
	}
	all := s.all()
	for i, r := range all[:3] {
		var asked struct {
			Params struct {
				Meta map[string]json.RawMessage `json:"_meta"`
			}
		}
		if err := json.Unmarshal([]byte(r.body), &asked); err != nil {
			t.Fatal(err)
		}
		m := asked.Params.Meta
		if !isList(r) || !ofProxy(r) || len(m) != 3 || string(m[jsonrpc.VersionKey]) != `"2026-07-28"` || string(m["example.com/k"]) != "[1.0]" {
			t.Errorf("request %d: got %s, want a page with what the call says of its client", i, r.body)
		}
		if v, m := r.header.Get(mirror.HeaderVersion), r.header.Get(mirror.HeaderMethod); v != "2026-07-28" || m != "tools/list" {
			t.Errorf("request %d: got headers %q and %q", i, v, m)
		}
	}
	if n := s.count(isList); n != 3 {
		t.Errorf("got %d tools/list, want the three pages", n)
	}
	for _, r := range all[3:] {
		want := map[string]string{"1": "r", "2": "s"}[string(r.msg.ID)]
		if got := r.header.Get("Mcp-Param-Region"); got != want {
			t.Errorf("call %s: got %q, want %q", r.msg.ID, got, want)
		}
	}
}

// TestPX17WholeList: after a list that the client saw the whole of, and one
// only, the proxy asks for no other.
func TestPX17WholeList(t *testing.T) {
	tests := []struct {
		name, cursor, list string
		lists              int // of the proxy
	}{
		{"one page", "", `{"tools":[{"name":"a"}],"nextCursor":null}`, 0},
		{"no tools", "", `{"tools":[]}`, 0},
		{"the first of two", "", `{"tools":[{"name":"a"}],"nextCursor":"x"}`, 1},
		{"the last of two", `"cursor":"x",`, `{"tools":[{"name":"a"}]}`, 1},
		{"no list", "", `{}`, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, nil)
			s.lists(func(w http.ResponseWriter, _ *http.Request, in received) { reply(w, in, tt.list) })
			c := connect(t, s.url())
			c.send(listPage("1", tt.cursor))
			c.answer("1")
			s.lists(listing(defined("b", region)))
			c.send(callWith("2", "b", `{"region":"r"}`))
			c.answer("2")
			if n := s.count(ofProxy); n != tt.lists {
				t.Errorf("got %d tools/list of the proxy, want %d", n, tt.lists)
			}
		})
	}
}

// TestPX17Shared: calls that come together ask for the tools once.
func TestPX17Shared(t *testing.T) {
	s := serve(t, nil)
	hold := make(chan struct{})
	s.lists(func(w http.ResponseWriter, r *http.Request, in received) {
		<-hold
		listing(defined("a", region))(w, r, in)
	})
	c := connect(t, s.url())
	const calls = 20
	for i := range calls {
		c.send(callWith(fmt.Sprint(i), "a", `{"region":"r"}`))
	}
	s.got("POST", "tools/list")
	if n := s.count(isCall); n != 0 {
		t.Errorf("got %d calls before the list, want 0", n)
	}
	close(hold)
	for i := range calls {
		c.answer(fmt.Sprint(i))
	}
	if n := s.count(isList); n != 1 {
		t.Errorf("got %d tools/list, want 1", n)
	}
	if n := s.count(func(r received) bool { return isCall(r) && r.header.Get("Mcp-Param-Region") == "r" }); n != calls {
		t.Errorf("got %d calls with the header, want %d", n, calls)
	}
}

// TestPX17ListFails: no call fails because the tools cannot be had, and they
// are not asked for again with every call.
func TestPX17ListFails(t *testing.T) {
	gone := make(chan struct{})
	t.Cleanup(func() { close(gone) })
	endless := func(w http.ResponseWriter, _ *http.Request, in received) {
		reply(w, in, `{"tools":[],"nextCursor":"more"}`)
	}
	tests := []struct {
		name  string
		list  tool
		lists int
	}{
		{"error", func(w http.ResponseWriter, _ *http.Request, in received) {
			body(http.StatusOK, endpoint.TypeJSON, `{"jsonrpc":"2.0","id":`+string(in.msg.ID)+`,"error":{"code":-32601,"message":"no"}}`)(w, nil, in)
		}, 1},
		{"HTTP error", body(http.StatusForbidden, "", ""), 1},
		{"no answer", func(_ http.ResponseWriter, r *http.Request, _ received) {
			select {
			case <-r.Context().Done():
			case <-gone:
			}
		}, 1},
		{"broken off", func(w http.ResponseWriter, _ *http.Request, _ received) { cut(w) }, 1},
		{"no list in the answer", func(w http.ResponseWriter, _ *http.Request, in received) { reply(w, in, `{"tools":{}}`) }, 1},
		{"no end", endless, maxListPages},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, nil)
			s.lists(tt.list)
			c := connect(t, s.url(), func(r *relay) {
				r.listTimeout = patience
				if tt.name == "no answer" {
					r.listTimeout = 50 * time.Millisecond
				}
			})
			for i := range 3 {
				id := fmt.Sprint(i)
				c.send(callWith(id, "a", `{"region":"r"}`))
				if f, bad := failureIn(t, c.answer(id)); bad {
					t.Errorf("call %s: got error %+v", id, f)
				}
			}
			if n := s.count(isList); n != tt.lists {
				t.Errorf("got %d tools/list, want %d", n, tt.lists)
			}
		})
	}
}

// holding answers tools/list only when it is let to.
func holding(t *testing.T, s *faultServer, list tool) (release func()) {
	hold := make(chan struct{})
	release = sync.OnceFunc(func() { close(hold) })
	t.Cleanup(release)
	s.lists(func(w http.ResponseWriter, r *http.Request, in received) {
		select {
		case <-hold:
			list(w, r, in)
		case <-r.Context().Done():
		case <-s.gone:
		}
	})
	return release
}

// TestPX17CancelWhileListing: a call that is cancelled while the tools are
// asked for is never sent; others that wait are.
func TestPX17CancelWhileListing(t *testing.T) {
	s := serve(t, nil)
	release := holding(t, s, listing(defined("a", region)))
	c := connect(t, s.url())
	c.silent("1")
	c.send(callWith("1", "a", `{"region":"no"}`))
	s.got("POST", "tools/list")
	c.send(callWith("2", "a", `{"region":"r"}`), `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}`)
	// Read after the cancellation.
	c.send(`{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"a:b",` + meta + `}}`)
	c.answer("3")
	release()
	c.answer("2")
	if n := s.count(isCall); n != 1 {
		t.Errorf("got %d calls, want the one that was not cancelled", n)
	}
}

// TestPX17EndWhileListing: a call that waits for the tools when the proxy ends
// is answered, with the truth: it was not sent.
func TestPX17EndWhileListing(t *testing.T) {
	s := serve(t, nil)
	holding(t, s, listing())
	c := connect(t, s.url(), drain(50*time.Millisecond))
	c.send(callWith("1", "a", `{}`))
	s.got("POST", "tools/list")
	begin := time.Now()
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > listTimeout/2 {
		t.Errorf("the end took %v, want it not to wait for the tools", took)
	}
	if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeStopping || f.Data.Outcome != fault.NotSent {
		t.Errorf("got %+v, want code %d and that it was not sent", f, fault.CodeStopping)
	}
}

// A script may write a call and close stdin at once: the call has its headers
// all the same.
func TestPX17EndOfStdin(t *testing.T) {
	s := serve(t, map[string]tool{"a": demanding})
	release := holding(t, s, listing(defined("a", region)))
	c := connect(t, s.url(), drain(patience))
	c.send(callWith("1", "a", `{"region":"r"}`))
	_ = c.stdin.Close()
	s.got("POST", "tools/list")
	release()
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got error %+v", f)
	}
}

// TestPX17Mismatch: a call that the server refused for its headers is sent
// once more after the tools were asked for.
func TestPX17Mismatch(t *testing.T) {
	tests := []struct {
		name         string
		list         tool // after the client's own
		lists, calls int
		refused      bool
	}{
		{"the tool changed", listing(defined("a", region)), 2, 2, false},
		{"it did not", listing(defined("a", `"region":{"type":"string"}`)), 2, 2, true},
		{"the tools cannot be had", body(http.StatusInternalServerError, "", ""), 2, 1, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, map[string]tool{"a": demanding})
			s.lists(listing(`{"name":"a"}`))
			c := connect(t, s.url())
			c.send(listPage("1", ""))
			c.answer("1")
			s.lists(tt.list)
			c.send(callWith(`"x"`, "a", `{"region":"r"}`))
			f, refused := failureIn(t, c.answer(`"x"`))
			if refused != tt.refused || refused && (f.Code != fault.HeaderMismatch || !strings.Contains(f.Message, "Mcp-Param-Region")) {
				t.Errorf("got %+v, want refused by the server: %v", f, tt.refused)
			}
			if lists, calls := s.count(isList), s.count(isCall); lists != tt.lists || calls != tt.calls {
				t.Errorf("got %d tools/list and %d tools/call, want %d and %d", lists, calls, tt.lists, tt.calls)
			}
			var sent []string
			for _, r := range s.all() {
				if isCall(r) {
					sent = append(sent, r.body)
				}
			}
			if len(slices.Compact(slices.Clone(sent))) != 1 {
				t.Errorf("got %q, want the same request again", sent)
			}
		})
	}
}

// Only calls of tools have headers for arguments, and only -32020 says that
// nothing was done.
func TestPX17NoRetry(t *testing.T) {
	refusing := func(code int) tool {
		return func(w http.ResponseWriter, r *http.Request, in received) {
			body(http.StatusBadRequest, endpoint.TypeJSON, fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":"m"}}`, in.msg.ID, code))(w, r, in)
		}
	}
	s := serve(t, map[string]tool{"a": refusing(-32602)})
	s.lists(refusing(fault.HeaderMismatch))
	c := connect(t, s.url())
	c.send(listPage("1", ""))
	if f, _ := failureIn(t, c.answer("1")); f.Code != fault.HeaderMismatch {
		t.Errorf("tools/list: got %+v, want code %d", f, fault.HeaderMismatch)
	}
	if n := s.count(isList); n != 1 {
		t.Errorf("got %d tools/list, want 1", n)
	}
	s.lists(listing(`{"name":"a"}`))
	c.send(callWith("2", "a", `{}`))
	if f, _ := failureIn(t, c.answer("2")); f.Code != -32602 {
		t.Errorf("tools/call: got %+v, want code -32602", f)
	}
	if n := s.count(isCall); n != 1 {
		t.Errorf("got %d tools/call, want 1", n)
	}
}

// A list that was asked for before the refusal may be older than it.
func TestPX17RefusedWhileListing(t *testing.T) {
	s := serve(t, map[string]tool{"a": demanding})
	s.lists(listing(`{"name":"a"}`))
	log := &records{wrote: make(chan struct{}, 1)}
	c := connectWith(t, Config{Server: mustURL(t, s.url()), Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"last",` + meta + `}}`) // which leaves others unknown
	c.answer("1")
	var asked atomic.Int32
	release := holding(t, s, func(w http.ResponseWriter, r *http.Request, in received) {
		if asked.Add(1) == 1 {
			listing(`{"name":"a"}`)(w, r, in)
			return
		}
		listing(defined("a", region))(w, r, in)
	})
	c.send(callWith("2", "b", `{}`))
	s.await("the proxy's list", func(r received) bool { return isList(r) && ofProxy(r) })
	c.send(callWith("3", "a", `{"region":"r"}`))
	log.await(t, "id=3 method=tools/call status=400")
	release()
	c.answer("2")
	if f, bad := failureIn(t, c.answer("3")); bad {
		t.Errorf("got error %+v", f)
	}
	if n := s.count(isList); n != 3 {
		t.Errorf("got %d tools/list, want one of the client and two of the proxy", n)
	}
}
