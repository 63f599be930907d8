// SPDX-License-Identifier: MIT

package hostile

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// patience is how long a fault lasts at most.
const patience = 30 * time.Second

// mostBody is how much of a request is read, in bytes.
const mostBody = 32 << 20

// Options are how a server misbehaves; without any it does not, unless it is asked to.
type Options struct {
	// Modern is a server of 2026-07-28 alone, without initialize and sessions.
	Modern bool
	// Chance is the part of the requests that meet a fault which they did not ask for.
	Chance float64
	// Faults are those that chance chooses among; nil is all.
	Faults []string
	// Seed is what chance begins with.
	Seed uint64
	// Away is a URL of another host, to which nobody is to be led.
	Away string
	// Token is what Authorization has to say, after "Bearer "; "" is anything.
	Token string
}

// Server is one such server. Its path is /mcp for Streamable HTTP, and /sse for HTTP+SSE,
// unless Options.Modern.
type Server struct {
	o Options

	mu       sync.Mutex
	chance   *rand.Rand
	sessions map[string]*stream // of both transports; the stream is that of HTTP+SSE
	report   Report
}

// Report is what has happened at a server.
type Report struct {
	// Asked is how many requests of MCP have come, and Faults which faults they met.
	Asked  int            `json:"asked"`
	Faults map[string]int `json:"faults"`
	// Bare is how many requests came without the token.
	Bare int `json:"bare"`
}

// New returns a server.
func New(o Options) *Server {
	if o.Faults == nil {
		o.Faults = slices.Sorted(maps.Keys(faults))
	}
	return &Server{
		o: o, chance: rand.New(rand.NewPCG(o.Seed, o.Seed)),
		sessions: map[string]*stream{}, report: Report{Faults: map[string]int{}},
	}
}

// Faults are the names of all faults, which are those of their tools.
func Faults() []string { return slices.Sorted(maps.Keys(faults)) }

// Report returns what has happened so far.
func (s *Server) Report() Report {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.report
	r.Faults = maps.Clone(r.Faults)
	return r
}

// exchange is one request and what it is to be answered with.
type exchange struct {
	s   *Server
	ctx context.Context // ends with the request, or with patience
	w   http.ResponseWriter
	r   *http.Request
	request
	answer []byte // the right one, a line
	// stream is where answers go by HTTP+SSE; nil by Streamable HTTP.
	stream *stream
}

type request struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params struct {
		Name            string          `json:"name"`
		Arguments       json.RawMessage `json:"arguments"`
		ProtocolVersion string          `json:"protocolVersion"`
		URI             string          `json:"uri"`
	} `json:"params"`
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.o.Token != "" && r.Header.Get("Authorization") != "Bearer "+s.o.Token {
		s.mu.Lock()
		s.report.Bare++
		s.mu.Unlock()
		w.Header().Set("WWW-Authenticate", "Bearer")
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	switch {
	case r.URL.Path == "/mcp" && r.Method == http.MethodPost:
		s.streamable(w, r)
	case r.URL.Path == "/mcp" && r.Method == http.MethodGet && !s.o.Modern:
		s.listen(w, r)
	case r.URL.Path == "/mcp" && r.Method == http.MethodDelete && !s.o.Modern:
		s.forget(r.Header.Get(sessionHeader))
	case r.URL.Path == "/mcp":
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.URL.Path == "/sse" && r.Method == http.MethodGet && !s.o.Modern:
		s.open(w, r)
	case r.URL.Path == "/messages" && r.Method == http.MethodPost && !s.o.Modern:
		s.message(w, r)
	default:
		http.NotFound(w, r)
	}
}

// read takes a request of MCP; false when it is none, which is answered.
func (s *Server) read(w http.ResponseWriter, r *http.Request) (q request, ok bool) {
	text, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	if err != nil || json.Unmarshal(text, &q) != nil {
		http.Error(w, "no message", http.StatusBadRequest)
		return q, false
	}
	return q, true
}

// meets says which fault a request meets; nil is none.
func (s *Server) meets(q request, sse bool) func(*exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report.Asked++
	name := ""
	if q.Method == "tools/call" && faults[q.Params.Name].by(sse) != nil {
		name = q.Params.Name
	} else if s.chance.Float64() < s.o.Chance {
		name = s.o.Faults[s.chance.IntN(len(s.o.Faults))]
	}
	does := faults[name].by(sse)
	if does != nil {
		s.report.Faults[name]++
	}
	return does
}

// heads reports one of two, by chance.
func (s *Server) heads() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.chance.IntN(2) == 0
}

// begin makes a session.
func (s *Server) begin(stream *stream) (id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id = fmt.Sprintf("%016x%016x", s.chance.Uint64(), s.chance.Uint64())
	s.sessions[id] = stream
	return id
}

func (s *Server) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, id)
}

func (s *Server) known(id string) (*stream, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stream, ok := s.sessions[id]
	return stream, ok
}

// Known reports whether there is such a fault.
func Known(name string) bool {
	_, ok := faults[name]
	return ok
}
