// SPDX-License-Identifier: MIT

package mcpserver

import (
	"mime"
	"net/http"
	"strings"
)

// The stages that hold a request to the form that Streamable HTTP gives it.
// They look at headers only.

// checkMethod: a server without sessions has no stream to GET and nothing to
// DELETE, so in every revision both answer 405.
func (s *Server) checkMethod(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			refuse(w, http.StatusMethodNotAllowed, "this server keeps no sessions: POST is the only method")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// checkAccept: a client takes both forms of an answer (every revision's
// Streamable HTTP section says so). None given means anything (RFC 9110
// section 12.5.1).
func (s *Server) checkAccept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		accept := strings.Join(r.Header.Values("Accept"), ",")
		if accept != "" && (!accepts(accept, "application", "json") || !accepts(accept, "text", "event-stream")) {
			refuse(w, http.StatusNotAcceptable, "send the header Accept: application/json, text/event-stream")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// accepts reports whether an Accept header admits major/minor. A quality of
// zero excludes.
func accepts(header, major, minor string) bool {
	for part := range strings.SplitSeq(header, ",") {
		kind, params, err := mime.ParseMediaType(part)
		if err != nil || strings.Trim(params["q"], "0.") == "" && params["q"] != "" {
			continue
		}
		if kind == major+"/"+minor || kind == major+"/*" || kind == "*/*" {
			return true
		}
	}
	return false
}

// checkContentType: JSON as it is. A page can have a browser send other types
// across sites without asking first, and a compressed body has no size that
// could be limited.
func (s *Server) checkContentType(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if coding := strings.Join(r.Header.Values("Content-Encoding"), ","); coding != "" && !strings.EqualFold(coding, "identity") {
			w.Header().Set("Accept-Encoding", "identity")
			refuse(w, http.StatusUnsupportedMediaType, "send the body without Content-Encoding")
			return
		}
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		if err != nil || kind != "application/json" {
			refuse(w, http.StatusUnsupportedMediaType, "send the header Content-Type: application/json")
			return
		}
		next.ServeHTTP(w, r)
	})
}
