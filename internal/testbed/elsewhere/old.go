// SPDX-License-Identifier: MIT

package elsewhere

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
)

func (s *Server) revision() string {
	if s.Old {
		return "2024-11-05"
	}
	return "2025-06-18"
}

// old is the transport HTTP+SSE: all that the server says is on one stream by GET, which
// begins with where messages are posted.
func (s *Server) old(w http.ResponseWriter, r *http.Request, m Message) {
	if r.Method == http.MethodGet {
		own, id := &session{push: make(chan string, 16), gone: make(chan struct{})}, rand.Text()
		s.mu.Lock()
		if s.sessions == nil {
			s.sessions = map[string]*session{}
		}
		s.sessions[id] = own
		s.mu.Unlock()
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, "event: endpoint\ndata: ?session=%s\n\n", id)
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case msg := <-own.push:
				fmt.Fprintf(w, "event: message\ndata: %s\n\n", strings.ReplaceAll(msg, "\n", "\ndata: "))
				_ = http.NewResponseController(w).Flush()
			case <-own.gone:
				return
			case <-r.Context().Done():
				s.mu.Lock()
				delete(s.sessions, id)
				s.mu.Unlock()
				return
			}
		}
	}
	s.mu.Lock()
	own := s.sessions[r.URL.Query().Get("session")]
	s.mu.Unlock()
	if own == nil {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	w.WriteHeader(http.StatusAccepted)
	if len(m.ID) == 0 || m.Method == "" {
		return
	}
	_ = http.NewResponseController(w).Flush()
	answer := httptest.NewRecorder()
	if m.Method == "initialize" {
		s.answer(answer, r, m, nil, s.initialized(s.revision()))
	} else {
		s.request(answer, r, m, own)
	}
	select {
	case own.push <- answer.Body.String():
	case <-own.gone:
	}
}

// initialized is the result of initialize.
func (s *Server) initialized(revision string) string {
	return `{"protocolVersion":"` + revision + `","capabilities":` + s.capabilities() + `,"serverInfo":` + s.info() + `,"instructions":"Ask."}`
}

// info is what it says of itself.
func (s *Server) info() string {
	title, _ := json.Marshal(s.Title) // a string: cannot fail
	return `{"name":"elsewhere","version":"1","title":` + string(title) + `,"description":` + string(title) + `}`
}
