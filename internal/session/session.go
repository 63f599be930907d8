// SPDX-License-Identifier: MIT

// Package session has the sessions of MCP clients with servers behind the gateway, in the
// revisions of the protocol that have sessions: which there are, whose each is, and what
// waits to be told to its client.
//
// A session belongs to one caller and one server. Its id is no proof of anything: whoever
// else names it is answered as if there were none. It outlives the process that serves it,
// and knows what a new one has to be told again. Everything in it is bounded. What a client
// does not fetch is dropped, the oldest first: there is no store of events.
package session

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/loglevel"
)

const (
	// MostSubscriptions is how many URIs a session may be subscribed to, and mostURIs how
	// many bytes these may have together.
	MostSubscriptions = 256
	mostURIs          = 64 << 10
	// mostWaiting is how many events may wait for the client, and mostBytes how large they
	// may be together. A caller may have many sessions, and leave them all unread.
	mostWaiting = 256
	mostBytes   = 128 << 10
)

// Session is one session.
type Session struct {
	// ID is its id, by which a process of its own is found, too.
	ID string
	// Server and Caller are whose it is: the server's name, and the key of the caller.
	Server, Caller string
	// ClientName and ClientVersion are what the client called itself when it began.
	ClientName, ClientVersion string
	// Offers are what its client can be asked; set before it is used.
	Offers asking.Offers

	used    time.Time     // guarded by Table.mu
	touched bool          // it was used since it began; guarded by Table.mu
	answer  time.Duration // how long its client may take to answer; set before it is used
	done    chan struct{}
	wake    chan struct{}

	mu         sync.Mutex
	process    any
	level      string
	subscribed map[string]bool
	waiting    []Event
	bytes      int
	changed    bool
	shown      map[string]string
	stream     chan struct{}
	asked      map[string]chan<- asking.Response // what waits for an answer, by id
}

// Event is a notification of the server for the client.
type Event struct {
	Method string
	// URI is that of the resource that it is about; empty where it is about none.
	URI    string
	Params json.RawMessage
	// ID is that of a question to the client; empty for a notification.
	ID string
}

func newSession(id, server, caller string) *Session {
	return &Session{ID: id, Server: server, Caller: caller, done: make(chan struct{}), wake: make(chan struct{}, 1)}
}

// Done is closed when the session is over.
func (s *Session) Done() <-chan struct{} { return s.done }

// Runs notes the process that serves the session, by any value that tells it from others and
// does not keep it, and reports whether it is the same that has served it from the beginning.
func (s *Session) Runs(process any) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		s.process = process
	}
	return s.process == process
}

// Ran reports whether any process has served the session.
func (s *Session) Ran() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process != nil
}

// SetLevel has messages of that level and those above it be heard.
func (s *Session) SetLevel(level string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.level = level
}

// Level is what SetLevel was told last; empty if it was not.
func (s *Session) Level() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.level
}

// Subscribe has updates of a resource be heard. It reports whether there was room:
// for so many, and for so long a URI.
func (s *Session) Subscribe(uri string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subscribed[uri] {
		return true
	}
	size := len(uri)
	for other := range s.subscribed {
		size += len(other)
	}
	if len(s.subscribed) >= MostSubscriptions || size > mostURIs {
		return false
	}
	if s.subscribed == nil {
		s.subscribed = map[string]bool{}
	}
	s.subscribed[uri] = true
	return true
}

// Unsubscribe ends that, and reports whether there was anything to end.
func (s *Session) Unsubscribe(uri string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	had := s.subscribed[uri]
	delete(s.subscribed, uri)
	return had
}

// Subscriptions are the URIs whose updates are heard, in their order.
func (s *Session) Subscriptions() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	uris := make([]string, 0, len(s.subscribed))
	for uri := range s.subscribed {
		uris = append(uris, uri)
	}
	slices.Sort(uris)
	return uris
}

// Log hears a log message, if the client has asked for its level.
func (s *Session) Log(level string, e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if loglevel.Heard(level, s.level) {
		s.hear(e)
	}
}

// Visited hears that a page has served its purpose which the person was to visit.
func (s *Session) Visited(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hear(e)
}

// Updated hears that a resource was updated, if the client has subscribed to it. Of one
// resource one such event waits at most.
func (s *Session) Updated(e Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.subscribed[e.URI] && !slices.ContainsFunc(s.waiting, func(w Event) bool { return w.URI == e.URI }) {
		s.hear(e)
	}
}

// hear has an event wait for the client. The caller of hear holds mu.
func (s *Session) hear(e Event) {
	s.waiting = append(s.waiting, e)
	s.bytes += e.size()
	for len(s.waiting) > mostWaiting || s.bytes > mostBytes {
		oldest := slices.IndexFunc(s.waiting, func(e Event) bool { return e.ID == "" }) // questions have a bound of their own
		s.bytes -= s.waiting[oldest].size()
		s.waiting = slices.Delete(s.waiting, oldest, oldest+1)
	}
	s.call()
}

func (e Event) size() int {
	if e.ID != "" {
		return 0
	}
	return len(e.Method) + len(e.URI) + len(e.Params)
}

// call wakes the stream.
func (s *Session) call() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Wake has an element when Take may have events.
func (s *Session) Wake() <-chan struct{} { return s.wake }

// Take takes the events that wait, in their order.
func (s *Session) Take() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.waiting
	s.waiting, s.bytes = nil, 0
	return taken
}

// ListChanged hears that the server lists other resources than before.
func (s *Session) ListChanged() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changed = true
}

// TakeListChanged reports whether that was heard since it was asked the last time.
func (s *Session) TakeListChanged() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := s.changed
	s.changed = false
	return was
}

// Show notes what the client was shown of a list, in any form that tells two states of it
// apart, and reports whether that is new to it: another than the one before, if there was
// one.
func (s *Session) Show(list, state string) (other, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	was, had := s.shown[list]
	if s.shown == nil {
		s.shown = map[string]string{}
	}
	s.shown[list] = state
	return had && was != state, !had
}

// Attach makes the caller the one stream of the session: whoever was it before is told so
// by the end of its channel. A client whose connection broke comes back before the daemon
// has noticed.
func (s *Session) Attach() (gone <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stream != nil {
		close(s.stream)
	}
	s.stream = make(chan struct{})
	if len(s.waiting) > 0 {
		s.call()
	}
	return s.stream
}

// Detach ends what Attach has begun, if it was the last to do so: the session has no stream.
func (s *Session) Detach(stream <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stream == stream && stream != nil {
		close(s.stream)
		s.stream = nil
	}
}
