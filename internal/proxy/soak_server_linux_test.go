// SPDX-License-Identifier: MIT

package proxy

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc/mirror"
	"tailscale-mcp/internal/proxy/endpoint"
	"tailscale-mcp/internal/retry"
)

// soakServer is a server of both eras that does its tools well, and to which
// something happens every now and then. What and when, chance decides, counted
// in requests and not in time.
type soakServer struct {
	t    *testing.T
	addr string

	mu       sync.Mutex
	cond     *sync.Cond
	rnd      *rand.Rand
	http     *http.Server                // nil while it is down
	conns    map[net.Conn]http.ConnState // open ones
	sessions map[string]bool             // that are known
	lost     chan struct{}               // closed when they are forgotten
	pushes   map[string]bool             // remote addresses of the streams of sessions
	broken   chan struct{}               // closed when those streams are cut
	rest     map[string][]string         // what is left of a response, by the id of its last event
	asked    map[string]chan struct{}
	stopped  map[string]chan struct{} // calls that wait to be cancelled
	serial   int
	calm     bool           // nothing happens
	until    int            // requests to the next fault
	slow     int            // requests that are still slowed
	missed   int            // failures to connect until it comes back
	faults   map[string]int // how often what happened
}

func newSoakServer(t *testing.T, seed uint64) *soakServer {
	s := &soakServer{
		t: t, rnd: rand.New(rand.NewPCG(seed, 1)), calm: true, until: 50, addr: "127.0.0.1:0",
		conns: map[net.Conn]http.ConnState{}, sessions: map[string]bool{}, pushes: map[string]bool{}, rest: map[string][]string{},
		asked: map[string]chan struct{}{}, stopped: map[string]chan struct{}{}, faults: map[string]int{},
		lost: make(chan struct{}), broken: make(chan struct{}),
	}
	s.cond = sync.NewCond(&s.mu)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.start()
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.stop()
	})
	return s
}

func (s *soakServer) url() string { return "http://" + s.addr + "/mcp" }

// start makes the server be there, at the address that it had.
func (s *soakServer) start() {
	l, err := net.Listen("tcp", s.addr)
	// A connection may have the port meanwhile, even one of who tries to reach it: a port that
	// nobody listens on may be chosen as the source of a connection to itself.
	for deadline := time.Now().Add(30 * time.Second); errors.Is(err, syscall.EADDRINUSE) && time.Now().Before(deadline); {
		time.Sleep(10 * time.Millisecond)
		l, err = net.Listen("tcp", s.addr)
	}
	if err != nil {
		s.t.Errorf("starting the server again: %v", err)
		return
	}
	s.addr = l.Addr().String()
	srv := &http.Server{Handler: s, ErrorLog: log.New(io.Discard, "", 0), ConnState: func(c net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.conns[c] = state; state == http.StateClosed || state == http.StateHijacked {
			delete(s.conns, c)
		}
		s.cond.Broadcast()
	}}
	s.http = srv
	go func() { _ = srv.Serve(l) }()
}

// stop makes the server be gone, with all it knew.
func (s *soakServer) stop() {
	if s.http == nil {
		return
	}
	srv := s.http
	s.http = nil
	s.forget()
	s.mu.Unlock() // ConnState wants it
	_ = srv.Close()
	s.mu.Lock()
}

func (s *soakServer) forget() {
	clear(s.sessions)
	clear(s.rest)
	close(s.lost)
	s.lost = make(chan struct{})
}

// disconnect breaks every connection.
func (s *soakServer) disconnect() {
	for c := range s.conns {
		_ = c.(*net.TCPConn).SetLinger(0)
		_ = c.Close()
	}
}

// unreachable is called when a client could not connect.
func (s *soakServer) unreachable() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.missed--; s.missed <= 0 && s.http == nil {
		s.start()
	}
}

// soakFaults are the things that happen.
var soakFaults = []string{"restart", "connections broken", "sessions forgotten", "slow", "streams cut"}

// happen does one thing that happens to servers.
func (s *soakServer) happen() {
	s.until = 30 + s.rnd.IntN(300)
	kind := soakFaults[s.rnd.IntN(len(soakFaults))]
	s.faults[kind]++
	switch kind {
	case "restart":
		s.missed = 1 + s.rnd.IntN(30)
		s.stop()
	case "connections broken":
		s.disconnect()
	case "sessions forgotten":
		s.forget()
	case "slow":
		s.slow = 100
	case "streams cut":
		close(s.broken)
		s.broken = make(chan struct{})
	}
}

// atRest says whether nothing is to happen, with the server there.
func (s *soakServer) atRest(rest bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calm, s.slow = rest, 0; rest && s.http == nil {
		s.start()
	}
}

// arrive is what happens before a request is looked at.
func (s *soakServer) arrive(r *http.Request) {
	s.mu.Lock()
	if s.until--; s.until <= 0 && !s.calm && s.http != nil {
		s.happen()
	}
	var wait time.Duration
	if s.slow > 0 {
		s.slow--
		wait = time.Duration(s.rnd.IntN(30)) * time.Millisecond
	}
	s.mu.Unlock()
	retry.Sleep(r.Context(), wait)
}

func (s *soakServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	in := received{verb: r.Method, header: r.Header, body: string(text)}
	_ = json.Unmarshal(text, &in.msg)
	s.arrive(r)
	session := r.Header.Get(endpoint.HeaderSession)
	s.mu.Lock()
	known, lost := s.sessions[session], s.lost
	s.mu.Unlock()
	modern := r.Header.Get(mirror.HeaderVersion) >= "2026"
	switch {
	case modern || in.msg.Method == methodInitialize:
	case !known:
		http.Error(w, "no such session", http.StatusNotFound)
		return
	case r.Method == http.MethodGet:
		s.get(w, r, lost)
		return
	case r.Method == http.MethodDelete:
		return
	}
	switch {
	case in.msg.Method == methodInitialize:
		s.mu.Lock()
		s.serial++
		id := fmt.Sprintf("session-%d", s.serial)
		s.sessions[id] = true
		s.mu.Unlock()
		w.Header().Set(endpoint.HeaderSession, id)
		reply(w, in, `{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"soak","version":"1"}}`)
	case in.msg.Method == "tools/call":
		s.call(w, r, in, lost)
	case in.msg.Method == methodCancelled:
		var m struct {
			Params struct{ RequestID json.RawMessage }
		}
		_ = json.Unmarshal(text, &m)
		s.release(s.stopped, string(m.Params.RequestID))
		w.WriteHeader(http.StatusAccepted)
	case in.msg.Method == "" && in.msg.ID != nil:
		s.release(s.asked, string(in.msg.ID))
		w.WriteHeader(http.StatusAccepted)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

// await enters a name into m, and release closes the channel it has there.
func (s *soakServer) await(m map[string]chan struct{}, name string) (released chan struct{}, forget func()) {
	released = make(chan struct{})
	s.mu.Lock()
	defer s.mu.Unlock()
	m[name] = released
	return released, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if m[name] == released {
			delete(m, name)
		}
	}
}

func (s *soakServer) release(m map[string]chan struct{}, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := m[name]; c != nil {
		close(c)
		delete(m, name)
	}
}

// get is the stream of a session, or the rest of a response.
func (s *soakServer) get(w http.ResponseWriter, r *http.Request, lost <-chan struct{}) {
	if last := r.Header.Get(endpoint.HeaderLastEvent); strings.HasPrefix(last, "call") {
		s.mu.Lock()
		left, known := s.rest[last]
		s.mu.Unlock()
		if !known {
			http.Error(w, "no such event", http.StatusBadRequest)
			return
		}
		send := events(w)
		for _, e := range left {
			send(e)
		}
		return
	}
	s.mu.Lock()
	s.pushes[r.RemoteAddr] = true
	s.serial++
	id, broken, calm := fmt.Sprintf("push-%d", s.serial), s.broken, s.calm
	s.cond.Broadcast()
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.pushes, r.RemoteAddr)
		s.cond.Broadcast()
	}()
	answered, forget := s.await(s.asked, `"`+id+`"`)
	defer forget()
	send := events(w)
	send("retry: 20\nid: " + id + "\ndata:\n\n")
	if !calm { // whose answer comes on another connection
		send("data: {\"jsonrpc\":\"2.0\",\"id\":\"" + id + "\",\"method\":\"ping\"}\n\n")
	}
	for {
		select {
		case <-answered:
			answered = nil
			send("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/list_changed\"}\n\n")
		case <-r.Context().Done():
			return
		case <-lost:
			return
		case <-broken:
			cut(w)
			return
		}
	}
}

// forgetAll forgets the sessions once more.
func (s *soakServer) forgetAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget()
}

// tried reports whether everything happened that can.
func (s *soakServer) tried() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.faults) == len(soakFaults)
}

// settle breaks the connections that are left, and waits until there is one
// again: that of the stream of the session.
func (s *soakServer) settle() {
	s.t.Helper()
	late := time.AfterFunc(3*patience, s.cond.Broadcast)
	defer late.Stop()
	deadline := time.Now().Add(3 * patience)
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.pushes) == 0 && time.Now().Before(deadline) {
		s.cond.Wait()
	}
	before := maps.Clone(s.conns)
	s.disconnect()
	for !s.atPeace(before) {
		if time.Now().After(deadline) {
			s.t.Errorf("at rest: got %d connections and %d streams of sessions, want one for one", len(s.conns), len(s.pushes))
			return
		}
		s.cond.Wait()
	}
}

// atPeace reports whether there is one connection, none of those before, with
// the stream of a session on it. It breaks others that nobody needs any more.
func (s *soakServer) atPeace(before map[net.Conn]http.ConnState) bool {
	peace := len(s.conns) == 1
	for c, state := range s.conns {
		_, old := before[c]
		peace = peace && !old && s.pushes[c.RemoteAddr().String()]
		if state == http.StateIdle {
			_ = c.Close()
		}
	}
	return peace
}
