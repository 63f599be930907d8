// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// received is one HTTP request as the server saw it.
type received struct {
	verb   string
	header http.Header
	body   string
	msg    struct {
		ID     json.RawMessage
		Method string
		Params struct {
			Name string
			URI  string
		}
	}
}

// faultServer is an MCP server of both eras whose tools do what servers should
// not. It is on loopback and takes any id for a tool call. It runs from the first
// time that somebody asks where it is: before that a test sets its fields and handler
// as it likes, after that only with the lock.
type faultServer struct {
	*httptest.Server
	t     *testing.T
	begin sync.Once
	dial  func(ctx context.Context, network, addr string) (net.Conn, error) // nil: over the network

	mu       sync.Mutex
	cond     *sync.Cond
	requests []received
	taken    int
	instead  http.HandlerFunc // answers everything; see itself
	sessions int              // issued so far; "" is issued when keep is false
	keep     bool             // sessions
	valid    string           // the session id that is good now
	modern   string           // what it says of itself in server/discover; "" when it has no such method
	discover tool             // server/discover in place of that
	only     bool             // it speaks no legacy revision
	tasks    bool             // it offers tasks
	listen   tool             // subscriptions/listen
	tools    map[string]tool  // by name
	get      http.HandlerFunc // the stream of a session; nil: 405
	list     tool             // answers tools/list; nil: as others
	gone     chan struct{}    // closed at the end of the test
}

// tool answers one POST of a call.
type tool func(w http.ResponseWriter, r *http.Request, in received)

// serve makes a server with sessions.
func serve(t *testing.T, tools map[string]tool) *faultServer {
	t.Helper()
	return serveOn(t, nil, tools)
}

// serveOn is serve on a listener; nil for one on loopback.
func serveOn(t *testing.T, l net.Listener, tools map[string]tool) *faultServer {
	t.Helper()
	s := &faultServer{t: t, tools: tools, keep: true, gone: make(chan struct{})}
	s.cond = sync.NewCond(&s.mu)
	s.Server = httptest.NewUnstartedServer(s)
	if l != nil {
		_ = s.Listener.Close()
		s.Listener = l
		if m, ok := l.(*memory); ok {
			s.dial = m.dial
		}
	}
	t.Cleanup(func() {
		s.run()
		close(s.gone)
		s.CloseClientConnections()
		s.Close()
	})
	return s
}

func (s *faultServer) run() { s.begin.Do(s.Start) }

func (s *faultServer) url() string {
	s.run()
	return s.URL + "/mcp"
}

// addr is where it listens.
func (s *faultServer) addr() string {
	s.run()
	return s.Listener.Addr().String()
}

func (s *faultServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	answer := s.instead
	s.mu.Unlock()
	if answer == nil {
		answer = s.itself
	}
	answer(w, r)
}

// itself answers as if there were no instead.
func (s *faultServer) itself(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	in := received{verb: r.Method, header: r.Header.Clone(), body: string(raw)}
	_ = json.Unmarshal(raw, &in.msg)
	s.mu.Lock()
	s.requests = append(s.requests, in)
	s.cond.Broadcast()
	valid, keep, get, list := s.valid, s.keep, s.get, s.list
	discovered, discover, only, listen := s.modern, s.discover, s.only, s.listen
	s.mu.Unlock()

	modern := in.header.Get("MCP-Protocol-Version") >= "2026-07-28"
	if keep && !modern && in.msg.Method != "initialize" && r.Header.Get("Mcp-Session-Id") != valid {
		http.Error(w, "no such session", http.StatusNotFound)
		return
	}
	if only && !modern {
		body(http.StatusBadRequest, "application/json", `{"jsonrpc":"2.0","id":`+string(in.msg.ID)+
			`,"error":{"code":-32022,"message":"Unsupported protocol version","data":{"supported":["2026-07-28"]}}}`)(w, r, in)
		return
	}
	switch r.Method {
	case http.MethodGet:
		if get == nil {
			http.Error(w, "no stream here", http.StatusMethodNotAllowed)
			return
		}
		get(w, r)
		return
	case http.MethodDelete:
		return
	}
	switch method := in.msg.Method; {
	case method == "server/discover":
		switch {
		case discover != nil:
			discover(w, r, in)
		case discovered != "":
			reply(w, in, discovered)
		default:
			body(http.StatusNotFound, "application/json", `{"jsonrpc":"2.0","id":`+string(in.msg.ID)+`,"error":{"code":-32601,"message":"no such method"}}`)(w, r, in)
		}
	case method == "subscriptions/listen":
		if listen == nil {
			listen = ok
		}
		listen(w, r, in)
	case method == "initialize":
		s.mu.Lock()
		if s.keep {
			s.sessions++
			s.valid = fmt.Sprintf("session-%d", s.sessions)
			w.Header().Set("Mcp-Session-Id", s.valid)
		}
		more := ""
		if s.tasks {
			more = `,"tasks":{}`
		}
		s.mu.Unlock()
		reply(w, in, `{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}`+more+`},"serverInfo":{"name":"fault","version":"1"}}`)
	case method == "tools/list" && list != nil:
		list(w, r, in)
	case method == "tools/call":
		do := s.tools[in.msg.Params.Name]
		if do == nil {
			do = ok
		}
		do(w, r, in)
	default:
		if in.msg.ID == nil || in.msg.Method == "" {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		reply(w, in, `{}`)
	}
}

// forget makes the server lose its session.
func (s *faultServer) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.valid = "lost"
}

// await waits for the first request not yet taken that match accepts, and
// takes everything up to it.
func (s *faultServer) await(what string, match func(received) bool) received {
	s.t.Helper()
	late := time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cond.Broadcast()
	})
	defer late.Stop()
	deadline := time.Now().Add(patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for i := s.taken; i < len(s.requests); i++ {
			if match(s.requests[i]) {
				s.taken = i + 1
				return s.requests[i]
			}
		}
		if !time.Now().Before(deadline) {
			s.t.Fatalf("the server waits for %s in vain", what)
		}
		s.cond.Wait()
	}
}

// got waits for a request with this verb and method.
func (s *faultServer) got(verb, method string) received {
	s.t.Helper()
	return s.await(verb+" "+method, func(r received) bool { return r.verb == verb && r.msg.Method == method })
}

// all are the requests so far.
func (s *faultServer) all() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]received(nil), s.requests...)
}

// count is how many requests so far match accepts.
func (s *faultServer) count(match func(received) bool) int {
	n := 0
	for _, r := range s.all() {
		if match(r) {
			n++
		}
	}
	return n
}

// result is a response to in.
func result(in received, result string) string {
	return `{"jsonrpc":"2.0","id":` + string(in.msg.ID) + `,"result":` + result + `}`
}

// reply sends a JSON answer.
func reply(w http.ResponseWriter, in received, res string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, result(in, res))
}

// body is a tool that answers with this and nothing else.
func body(status int, contentType, text string) tool {
	return func(w http.ResponseWriter, _ *http.Request, _ received) {
		if contentType != "" {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// ok answers well.
func ok(w http.ResponseWriter, _ *http.Request, in received) {
	reply(w, in, `{"content":[]}`)
}

// events starts a stream of events and returns what writes to it.
func events(w http.ResponseWriter) func(string) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	f := w.(http.Flusher)
	f.Flush()
	return func(s string) {
		_, _ = io.WriteString(w, s)
		f.Flush()
	}
}

// cut breaks the connection of a response.
func cut(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	if tcp, isTCP := c.(*net.TCPConn); isTCP {
		_ = tcp.SetLinger(0) // a reset, not an end
	}
	_ = c.Close()
}
