// SPDX-License-Identifier: MIT

package fakeapi

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// Request is a request that the server has got, without its secrets.
type Request struct {
	Operation string // operationId; empty if there is none
	Method    string
	Path      string // as it was sent, escapes and all
	Query     url.Values
	Header    http.Header // Authorization without what follows its scheme
	Body      []byte      // nil for the token endpoints
	Why       string      // what was unexpected, in the list of those
}

// maxJournal bounds how many requests are kept, so that a benchmark of a million
// does not keep a million. The counts go on.
const maxJournal = 10_000

type journal struct {
	mu       sync.Mutex
	requests []Request
	strays   []Request
	counts   map[string]int
}

func (j *journal) add(r Request) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.counts == nil {
		j.counts = map[string]int{}
	}
	j.counts[r.Operation]++
	if len(j.requests) == maxJournal {
		j.requests = slices.Delete(j.requests, 0, maxJournal/2)
	}
	j.requests = append(j.requests, r)
}

func (j *journal) unexpected(r Request, why string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Why = why
	if len(j.strays) < maxJournal {
		j.strays = append(j.strays, r)
	}
}

// Requests returns the latest requests (some thousands at most), oldest first,
// those for tokens included.
func (s *Server) Requests() []Request {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return slices.Clone(s.journal.requests)
}

// Unexpected returns the requests that the API's document does not have, or that
// this fake does not know yet. A test that finds any has found a defect.
func (s *Server) Unexpected() []Request {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return slices.Clone(s.journal.strays)
}

// Count returns how many requests there were for an operation, by its
// operationId; oauthToken and oauthTokenExchange name the token endpoints.
func (s *Server) Count(operation string) int {
	s.journal.mu.Lock()
	defer s.journal.mu.Unlock()
	return s.journal.counts[operation]
}
