// SPDX-License-Identifier: MIT

// Package elsewhere is an MCP server over HTTP for tests of the gateway: of the older era,
// of the newer, or of both, written down from the specification and sharing no code with
// what it tests.
package elsewhere

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
)

// Server is one such server. The fields are set before its first request.
type Server struct {
	// Legacy and Modern are the eras that it knows.
	Legacy, Modern bool
	// Old: it knows the transport HTTP+SSE of 2024-11-05 only.
	Old bool
	// Stateless: it gives no session of the older era.
	Stateless bool
	// Streams: it answers by event streams, numbered where the era has that.
	Streams bool
	// Logs: it says that it sends log messages, and with Streams sends one before the answer
	// of echo: in the newer era to who asked for one.
	Logs bool
	// NoStream: it has no stream by GET.
	NoStream bool
	// Title is how it calls itself, and describes itself too.
	Title string
	// Before may answer a request in its place, and then returns true.
	Before func(w http.ResponseWriter, r *http.Request, m Message) bool

	mu       sync.Mutex
	sessions map[string]*session
	seen     []Seen
	calls    int
}

// Message is one that a client sent; it is empty for GET and DELETE.
type Message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name            string                     `json:"name"`
		Arguments       map[string]any             `json:"arguments"`
		Cursor          string                     `json:"cursor"`
		ProtocolVersion string                     `json:"protocolVersion"`
		RequestID       json.RawMessage            `json:"requestId"`
		InputResponses  json.RawMessage            `json:"inputResponses"`
		Meta            map[string]json.RawMessage `json:"_meta"`
	} `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  json.RawMessage `json:"error"`
}

// Seen is one request as it came.
type Seen struct {
	Verb    string
	Header  http.Header
	Message Message
}

type session struct {
	count int
	push  chan string
	gone  chan struct{}
	kept  []string // events of responses, by number
}

// Seen returns the requests so far that have a verb and a method; empty is any.
func (s *Server) Seen(verb, method string) (all []Seen) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.seen {
		if (verb == "" || one.Verb == verb) && (method == "" || one.Message.Method == method) {
			all = append(all, one)
		}
	}
	return all
}

// Sessions is how many sessions are open.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// Forget forgets all sessions, as a server does that starts anew.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, one := range s.sessions {
		close(one.gone)
		delete(s.sessions, id)
	}
}

// end ends a session, unless it was forgotten meanwhile.
func (s *Server) end(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if own := s.sessions[id]; own != nil {
		close(own.gone)
		delete(s.sessions, id)
	}
}

// Push says something on the streams of all sessions that have one.
func (s *Server) Push(msg string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.sessions {
		one.push <- msg
	}
}

// Say says something on the stream of the session that a request of the transport HTTP+SSE
// belongs to.
func (s *Server) Say(r *http.Request, msg string) {
	s.mu.Lock()
	own := s.sessions[r.URL.Query().Get("session")]
	s.mu.Unlock()
	if own == nil {
		return
	}
	select {
	case own.push <- msg:
	case <-own.gone:
	}
}

// tools are what it offers; the second has an argument that travels in a header.
const tools = `{"tools":[` +
	`{"name":"echo","description":"Returns its arguments.","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}},` +
	`{"name":"region","description":"Returns a header.","inputSchema":{"type":"object","properties":{"where":{"type":"string","x-mcp-header":"Where"}}},"annotations":{"readOnlyHint":true}},` +
	`{"name":"who","description":"Returns who calls.","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}},` +
	`{"name":"count","description":"Counts its calls in a session.","inputSchema":{"type":"object"}},` +
	`{"name":"progress","description":"Says how far it is.","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}},` +
	`{"name":"wait","description":"Waits until it is cancelled.","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}` +
	`]`

const modernRevision = "2026-07-28"

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var m Message
	if r.Method == http.MethodPost {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			err = json.Unmarshal(body, &m)
		}
		if err != nil {
			http.Error(w, "no JSON", http.StatusBadRequest)
			return
		}
	}
	s.mu.Lock()
	s.seen = append(s.seen, Seen{r.Method, r.Header.Clone(), m})
	s.mu.Unlock()
	if s.Before != nil && s.Before(w, r, m) {
		return
	}
	if s.Old {
		s.old(w, r, m)
		return
	}
	if m.Params.Meta["io.modelcontextprotocol/protocolVersion"] != nil {
		s.modern(w, r, m)
		return
	}
	if !s.Legacy {
		fail(w, http.StatusBadRequest, m.ID, -32022, "unsupported protocol version")
		return
	}
	s.legacy(w, r, m)
}

// fail answers with an HTTP error that has a JSON-RPC error in it.
func fail(w http.ResponseWriter, status int, id json.RawMessage, code int, message string) {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q}}`, id, code, message)
}

func (s *Server) legacy(w http.ResponseWriter, r *http.Request, m Message) {
	if m.Method == "initialize" {
		if !s.Stateless {
			id := rand.Text()
			s.mu.Lock()
			if s.sessions == nil {
				s.sessions = map[string]*session{}
			}
			s.sessions[id] = &session{push: make(chan string, 16), gone: make(chan struct{})}
			s.mu.Unlock()
			w.Header().Set("Mcp-Session-Id", id)
		}
		s.answer(w, r, m, nil, s.initialized(s.revision()))
		return
	}
	id := r.Header.Get("Mcp-Session-Id")
	s.mu.Lock()
	own := s.sessions[id]
	s.mu.Unlock()
	switch {
	case s.Stateless:
		own = &session{gone: make(chan struct{})}
	case id == "":
		http.Error(w, "no session", http.StatusBadRequest)
		return
	case own == nil:
		http.Error(w, "no such session", http.StatusNotFound)
		return
	}
	if r.Header.Get("MCP-Protocol-Version") != "2025-06-18" {
		http.Error(w, "another version was agreed on", http.StatusBadRequest)
		return
	}
	switch {
	case r.Method == http.MethodDelete:
		s.end(id)
	case r.Method == http.MethodGet && r.Header.Get("Last-Event-ID") != "":
		s.resume(w, r, own)
	case r.Method == http.MethodGet:
		s.stream(w, r, own)
	case m.Method == "" || len(m.ID) == 0:
		w.WriteHeader(http.StatusAccepted)
	default:
		s.request(w, r, m, own)
	}
}

// stream is what a session has by GET.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, own *session) {
	if s.NoStream || s.Stateless {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	_ = http.NewResponseController(w).Flush()
	for {
		select {
		case msg := <-own.push:
			fmt.Fprintf(w, "data: %s\n\n", msg)
			_ = http.NewResponseController(w).Flush()
		case <-own.gone:
			return
		case <-r.Context().Done():
			return
		}
	}
}

// resume sends what of a response comes behind an event.
func (s *Server) resume(w http.ResponseWriter, r *http.Request, own *session) {
	var last int
	_, _ = fmt.Sscan(r.Header.Get("Last-Event-ID"), &last)
	w.Header().Set("Content-Type", "text/event-stream")
	s.mu.Lock()
	defer s.mu.Unlock()
	for n := last + 1; n < len(own.kept); n++ {
		fmt.Fprintf(w, "id: %d\ndata: %s\n\n", n, own.kept[n])
	}
}

func (s *Server) modern(w http.ResponseWriter, r *http.Request, m Message) {
	var version string
	_ = json.Unmarshal(m.Params.Meta["io.modelcontextprotocol/protocolVersion"], &version)
	wrong := ""
	for name, want := range map[string]string{"MCP-Protocol-Version": version, "Mcp-Method": m.Method, "Mcp-Name": m.Params.Name} {
		if got := r.Header.Get(name); got != want {
			wrong = fmt.Sprintf("%s is %q", name, got)
		}
	}
	if where, there := m.Params.Arguments["where"].(string); there && m.Params.Name == "region" && r.Header.Get("Mcp-Param-Where") != "=?base64?"+base64.StdEncoding.EncodeToString([]byte(where))+"?=" {
		wrong = "Mcp-Param-Where is " + r.Header.Get("Mcp-Param-Where")
	}
	switch {
	case !s.Modern || version != modernRevision:
		fail(w, http.StatusBadRequest, m.ID, -32022, "unsupported protocol version")
	case wrong != "":
		fail(w, http.StatusBadRequest, m.ID, -32020, wrong)
	case m.Params.Meta["io.modelcontextprotocol/clientCapabilities"] == nil:
		fail(w, http.StatusBadRequest, m.ID, -32602, "no capabilities")
	case r.Header.Get("Mcp-Session-Id") != "":
		fail(w, http.StatusBadRequest, m.ID, -32602, "a session")
	case m.Method == "server/discover":
		s.answer(w, r, m, nil, `{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":`+s.capabilities()+`,"instructions":"Ask.","_meta":{"io.modelcontextprotocol/serverInfo":`+s.info()+`}}`)
	default:
		s.request(w, r, m, nil)
	}
}
