// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"tailscale-mcp/internal/bridge"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/mirror"
	"tailscale-mcp/internal/proxy/endpoint"
)

// session is the conversation that one initialize of the legacy era began. It exists also
// for a server that gave it no Mcp-Session-Id.
type session struct {
	id          string        // Mcp-Session-Id; "" when the server keeps no sessions
	version     string        // that the server chose
	listChanged bool          // the server has the capability "tools.listChanged"
	tasks       bool          // the server has the capability "tasks", which only this era has
	offers      bridge.Offers // of the client
	// bridge is not nil when the server is spoken to in the modern era. It is
	// known once what follows initialize may be sent.
	bridge atomic.Pointer[bridge.Bridge]
	ctx    context.Context
	cancel context.CancelFunc // ends its stream
}

// headers returns the headers of a request in the session.
func (s *session) headers() http.Header {
	h := make(http.Header, 8)
	if s.version != "" {
		h[mirror.HeaderVersion] = []string{s.version}
	}
	if s.id != "" {
		h[endpoint.HeaderSession] = []string{s.id}
	}
	return h
}

// sessions holds the current session and what opens another one in its place.
type sessions struct {
	mu      sync.Mutex
	cur     *session
	begun   bool   // an initialize was read
	version string // of the last modern message: some of that era name none

	opening  []byte           // the client's own initialize
	openedBy jsonrpc.Envelope // of opening
	greeting []byte           // the client's own notifications/initialized

	ready <-chan struct{} // closed when requests read now may be sent
	told  <-chan struct{} // closed when notifications read now may be sent

	reopening sync.Mutex // held while a session is opened anew
	failedAt  time.Time  // when that failed last
	failure   error
}

// current returns the current session; nil before the first.
func (t *sessions) current() *session {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.cur
}

// modern reports whether a message of the client is of the modern era. One that names no
// version is of the era its client began with.
func (t *sessions) modern(e *jsonrpc.Envelope) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e.Modern() {
		t.version = e.Version
		return true
	}
	if e.Method == methodInitialize {
		t.begun = true
	}
	return !t.begun && t.version != ""
}

// headers returns the headers of a message of either era; s is nil outside a session.
func (t *sessions) headers(e *jsonrpc.Envelope, s *session) http.Header {
	if s != nil && !e.Modern() {
		return s.headers()
	}
	h := make(http.Header, 8)
	t.mu.Lock()
	version, begun := t.version, t.begun
	t.mu.Unlock()
	if e.Modern() || !begun && version != "" {
		mirror.SetRequest(h, e, version)
	}
	return h
}

// enter is called for every call in the order they were read. It returns a channel that
// is closed when the call may be sent: in a session, after the initialize and the
// notifications/initialized read before it were answered, however the client pipelines.
// Nil says that the call may be sent at once.
func (t *sessions) enter(c *call) (ready <-chan struct{}) {
	if c.modern {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	before := t.ready
	if c.env.Method == methodInitialize {
		t.ready = c.over
	}
	return before
}

// enterNotification is enter for notifications, which keep their order among
// themselves: one may be sent when all channels of ready are closed. done is to be
// called when the server has it.
func (t *sessions) enterNotification(e *jsonrpc.Envelope) (ready []<-chan struct{}, done func()) {
	if t.modern(e) {
		return nil, func() {}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	ready = []<-chan struct{}{t.ready, t.told}
	next := make(chan struct{})
	t.told = next
	if e.Method == methodInitialized {
		t.ready = next
	}
	return ready, func() { close(next) }
}

// opened makes the session that the response msg to the initialize c opened the current
// one. h holds the headers of that response.
func (r *relay) opened(c *call, msg []byte, h http.Header) {
	var answer struct {
		Result struct {
			ProtocolVersion string
			Capabilities    struct {
				Tools struct{ ListChanged bool }
				Tasks json.RawMessage
			}
		}
	}
	if err := json.Unmarshal(msg, &answer); err != nil {
		r.log.Warn("reading the answer to initialize", "error", err)
	}
	s := &session{
		version:     answer.Result.ProtocolVersion,
		listChanged: answer.Result.Capabilities.Tools.ListChanged,
		tasks:       answer.Result.Capabilities.Tasks != nil,
		offers:      bridge.OffersIn(c.msg),
	}
	if !endpoint.Visible(s.version) {
		s.version = ""
	}
	if id := h.Get(endpoint.HeaderSession); endpoint.Visible(id) {
		s.id = id
	} else if id != "" {
		r.log.Warn("ignoring a session id with characters it may not have")
	}
	r.begin(c, s)
	r.log.Info("session opened", "version", s.version, "kept", s.id != "")
}

// begin makes s, which the initialize c opened, the current session and ends the one
// before it.
func (r *relay) begin(c *call, s *session) {
	s.ctx, s.cancel = context.WithCancel(r.ctx)
	c.opened = s
	t := &r.sessions
	t.mu.Lock()
	old := t.cur
	t.cur = s
	if !c.own {
		t.opening, t.openedBy, t.greeting = c.msg, c.env, nil
	}
	t.mu.Unlock()
	if old != nil {
		old.cancel()
		if old.id != "" && !c.own {
			r.calls.workers.Go(func() { r.end(old, maxDelete) })
		}
	}
}

// greeted keeps msg, the client's notifications/initialized, for sessions that are opened
// in place of this one.
func (t *sessions) greeted(msg []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.greeting = msg
}

// goBack ends s, which was to take the place of dead and could not be initialized. dead
// is the current session again, so that the next request tries anew.
func (t *sessions) goBack(s, dead *session) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.cancel()
	if t.cur == s {
		t.cur = dead
	}
}
