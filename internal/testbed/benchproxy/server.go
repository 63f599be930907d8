// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// server is a small and fast MCP server on loopback, in plain net/http: legacy
// with sessions, and modern. A tool it offers is a way to answer; those of
// trouble.go answer wrongly or not at all.
type server struct {
	addr string
	http *http.Server

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something below changes
	facts
	sessions map[string]bool
	opened   int                    // sessions, for their ids
	streams  map[string]chan string // by session
	caller   string                 // the session of the latest call
	gate     gate
	release  chan struct{} // closed when the tool "slow" may answer
}

// facts are what a server saw of its client.
type facts struct {
	Ran       map[string]int // calls carried out, by tool
	Cancelled []string       // ids that notifications/cancelled named, as written
	Deleted   int            // sessions the client ended
	Slow      string         // the id that the call of the tool "slow" came with
	Extra     bool           // an unknown field of a request arrived
	Streamed  bool           // a GET stream was opened
	AtOnce    int            // the most calls of the tool "gate" that waited at once
}

func newServer() (*server, error) {
	s := &server{
		changed: make(chan struct{}), sessions: map[string]bool{}, streams: map[string]chan string{},
		facts: facts{Ran: map[string]int{}}, release: make(chan struct{}), gate: gate{open: make(chan struct{})},
	}
	s.addr = "127.0.0.1:0"
	return s, s.start()
}

func (s *server) url() string { return "http://" + s.addr + "/mcp" }

// start listens where the server did before, if it did.
func (s *server) start() error {
	l, err := net.Listen("tcp", s.addr) //nolint:noctx // loopback, at once
	if err != nil {
		return err
	}
	s.addr = l.Addr().String()
	s.http = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func(srv *http.Server) { _ = srv.Serve(l) }(s.http)
	return nil
}

// stop closes the listener and every connection, as a crash would.
func (s *server) stop() { _ = s.http.Close() }

// forget loses every session.
func (s *server) forget() { s.change(func() { s.sessions = map[string]bool{} }) }

// change changes what s.mu guards and wakes those who wait for it.
func (s *server) change(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	close(s.changed)
	s.changed = make(chan struct{})
}

// await waits until what s.mu guards is as wanted, and reports whether it came
// to that.
func (s *server) await(ctx context.Context, limit time.Duration, wanted func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		s.mu.Lock()
		ok, changed := wanted(), s.changed
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// seen returns a copy of the facts so far.
func (s *server) seen() facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.facts
	f.Ran = make(map[string]int, len(s.Ran))
	for tool, n := range s.Ran {
		f.Ran[tool] = n
	}
	return f
}

// message is what the server needs of a request.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		ProtocolVersion string          `json:"protocolVersion"`
		Name            string          `json:"name"`
		RequestID       json.RawMessage `json:"requestId"`
		Extra           json.RawMessage `json:"x-extra"`
		Arguments       arguments       `json:"arguments"`
	} `json:"params"`
}

type arguments struct {
	Text json.RawMessage `json:"text"`
	Size int             `json:"size"`
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	session := r.Header.Get("Mcp-Session-Id")
	isModern := r.Header.Get("Mcp-Protocol-Version") == modern
	switch {
	case r.URL.Path != "/mcp":
		http.NotFound(w, r)
	case isModern && r.Method != http.MethodPost:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.Method == http.MethodGet:
		s.get(w, r, session)
	case r.Method == http.MethodDelete:
		s.change(func() { s.Deleted++; delete(s.sessions, session) })
	default:
		s.post(w, r, session, isModern)
	}
}

func (s *server) post(w http.ResponseWriter, r *http.Request, session string, isModern bool) {
	body, err := io.ReadAll(r.Body)
	var m message
	if err == nil {
		err = json.Unmarshal(body, &m)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if m.Params.Extra != nil {
		s.change(func() { s.Extra = true })
	}
	if m.Method == "initialize" {
		s.initialize(w, &m)
		return
	}
	if !isModern && !s.known(w, session) {
		return
	}
	switch {
	case m.Method == "notifications/cancelled":
		s.change(func() { s.Cancelled = append(s.Cancelled, string(m.Params.RequestID)) })
		w.WriteHeader(http.StatusAccepted)
	case m.ID == nil || m.Method == "":
		w.WriteHeader(http.StatusAccepted)
	case m.Method == "tools/list":
		result(w, m.ID, isModern, `"tools":[{"name":"echo","inputSchema":{"type":"object"}}],"ttlMs":0,"cacheScope":"private"`)
	case m.Method == "server/discover" && isModern:
		result(w, m.ID, isModern, `"supportedVersions":["`+modern+`"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"`)
	case m.Method == "ping":
		result(w, m.ID, isModern, "")
	case m.Method == "tools/call":
		s.call(w, r, &m, isModern)
	default:
		if isModern {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"method not found"}}`, m.ID)
	}
}

// known reports whether a legacy request belongs to a session, and refuses it
// when it does not.
func (s *server) known(w http.ResponseWriter, session string) bool {
	s.mu.Lock()
	ok := s.sessions[session]
	s.mu.Unlock()
	switch {
	case ok:
		return true
	case session == "":
		http.Error(w, "no session id", http.StatusBadRequest)
	default:
		http.Error(w, "no such session", http.StatusNotFound)
	}
	return false
}

func (s *server) initialize(w http.ResponseWriter, m *message) {
	version := m.Params.ProtocolVersion
	if version > legacy || version == "" {
		version = legacy
	}
	var session string
	s.change(func() {
		s.opened++
		session = fmt.Sprintf("session-%d", s.opened)
		s.sessions[session] = true
	})
	w.Header().Set("Mcp-Session-Id", session)
	result(w, m.ID, false, `"protocolVersion":"`+version+`","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"fast","version":"1"}`)
}

// result answers with the members of a result, as JSON.
func result(w http.ResponseWriter, id json.RawMessage, isModern bool, members string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answer(id, isModern, members))
}

func answer(id json.RawMessage, isModern bool, members string) string {
	if isModern {
		members = strings.TrimSuffix(`"resultType":"complete",`+members, ",")
	}
	return `{"jsonrpc":"2.0","id":` + string(id) + `,"result":{` + members + `}}`
}

// call runs a tool.
func (s *server) call(w http.ResponseWriter, r *http.Request, m *message, isModern bool) {
	tool := m.Params.Name
	if trouble, ok := troubles[tool]; ok {
		s.change(func() { s.Ran[tool]++ })
		trouble(s, w, r, m)
		return
	}
	s.mu.Lock() // no change: nobody waits for these, and they are what is timed
	s.Ran[tool]++
	s.caller = r.Header.Get("Mcp-Session-Id")
	s.mu.Unlock()
	content := `"content":[{"type":"text","text":` + string(m.Params.Arguments.Text) + `}]`
	if tool == "stream" {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "event: message\ndata: "+answer(m.ID, isModern, content)+"\n\n")
		return
	}
	result(w, m.ID, isModern, content)
}

// get is the stream of a session, or the rest of one that was cut.
func (s *server) get(w http.ResponseWriter, r *http.Request, session string) {
	if !s.known(w, session) {
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	if id, ok := strings.CutPrefix(r.Header.Get("Last-Event-Id"), resumable); ok {
		_, _ = io.WriteString(w, "id: "+resumable+id+".\ndata: "+answer(json.RawMessage(id), false, `"content":[]`)+"\n\n")
		return
	}
	events := make(chan string, 8)
	s.change(func() { s.streams[session] = events; s.Streamed = true })
	defer s.change(func() {
		if s.streams[session] == events {
			delete(s.streams, session)
		}
	})
	w.WriteHeader(http.StatusOK)
	for {
		_ = http.NewResponseController(w).Flush()
		select {
		case e := <-events:
			_, _ = io.WriteString(w, "data: "+e+"\n\n")
		case <-r.Context().Done():
			return
		}
	}
}

// push sends a message on the stream of the session that called last, which
// must be there. A client may hold others: to try out whether it can connect.
func (s *server) push(msg string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.streams[s.caller] <- msg
}
