// SPDX-License-Identifier: MIT

package fakeapi

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// maxBody bounds a request's body, in bytes.
const maxBody = 8 << 20

// ServeHTTP implements [http.Handler]: record, fail as told, check the token, do.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return // the client went away, or sent what no test sends
	}
	rt, params, known := match(r.Method, r.URL.EscapedPath())
	rec := record(r, body)
	if rt == nil {
		s.journal.add(rec)
		s.journal.unexpected(rec, "no such operation")
		if known {
			write(w, fail(http.StatusMethodNotAllowed))
		} else {
			write(w, fail(http.StatusNotFound))
		}
		return
	}
	rec.Operation = rt.id
	if isTokenEndpoint(rt) {
		rec.Body = nil
	}
	s.journal.add(rec)
	for name := range r.URL.Query() {
		if !slices.Contains(rt.query, name) && !slices.Contains(rt.query, "*") {
			s.journal.unexpected(rec, "the query parameter "+name+" is not documented")
		}
	}

	req := &request{route: rt, params: params, query: r.URL.Query(), header: r.Header, body: body}
	fault, failing := s.faults.take(rt.id)
	if !failing {
		write(w, s.answer(req))
		return
	}
	s.play(w, r, fault, func() answer { return s.answer(req) })
}

// answer does what is asked, if the token may.
func (s *Server) answer(r *request) answer {
	if !isTokenEndpoint(r.route) {
		g, ok := s.access.check(r.header.Get("Authorization"), s.now())
		if !ok {
			return fail(http.StatusUnauthorized)
		}
		r.grant = g
		if t, has := r.params["tailnet"]; has && t != "-" && t != s.options.TailnetID && t != s.options.Organization {
			return fail(http.StatusNotFound)
		}
		for _, need := range r.route.scopes {
			if !g.has(need) {
				return fail(http.StatusForbidden)
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.route.handle(s, r)
}

func isTokenEndpoint(rt *route) bool {
	return len(rt.scopes) == 1 && rt.scopes[0] == noToken[0]
}

func write(w http.ResponseWriter, a answer) {
	setHeader(w, a)
	w.WriteHeader(a.status)
	_, _ = io.Copy(w, bytes.NewReader(a.body)) // a client that went away has its reasons
}

func setHeader(w http.ResponseWriter, a answer) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	// An explicit nil keeps net/http from guessing.
	w.Header()["Content-Type"] = nil
	if a.contentType != "" {
		w.Header().Set("Content-Type", a.contentType)
	}
}

// record keeps what is fit to be shown of a request.
func record(r *http.Request, body []byte) Request {
	header := maps.Clone(r.Header)
	for name, values := range header {
		switch name {
		case "Authorization", "Proxy-Authorization":
			scheme, _, _ := strings.Cut(values[0], " ")
			header[name] = []string{scheme + " [redacted]"}
		case "Cookie":
			header[name] = []string{"[redacted]"}
		}
	}
	return Request{
		Method: r.Method,
		Path:   r.URL.EscapedPath(),
		Query:  r.URL.Query(),
		Header: header,
		Body:   body,
	}
}
