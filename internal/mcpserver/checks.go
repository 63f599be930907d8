// SPDX-License-Identifier: MIT

package mcpserver

import (
	"mime"
	"net/http"
	"strings"

	"tailscale-mcp/internal/front"
)

// The stages that hold a request to the form that Streamable HTTP gives it.
// They look at headers only, answer what does not hold, and report whether it does.

// checkMethod: a server without sessions has no stream to GET and nothing to
// DELETE, so in every revision both answer 405.
func checkMethod(w http.ResponseWriter, r *http.Request) bool {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		front.Refuse(w, http.StatusMethodNotAllowed, "this server keeps no sessions: POST is the only method")
		return false
	}
	return true
}

// checkAccept: a client takes both forms of an answer (every revision's
// Streamable HTTP section says so). None given means anything (RFC 9110
// section 12.5.1).
func checkAccept(w http.ResponseWriter, r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept != "" && (!accepts(accept, "application", "json") || !accepts(accept, "text", "event-stream")) {
		front.Refuse(w, http.StatusNotAcceptable, "send the header Accept: application/json, text/event-stream")
		return false
	}
	return true
}

// accepts reports whether an Accept header admits major/minor. A quality of
// zero excludes.
func accepts(header, major, minor string) bool {
	for part := range strings.SplitSeq(header, ",") {
		kind, params, err := mediaType(part)
		if err != nil || strings.Trim(params["q"], "0.") == "" && params["q"] != "" {
			continue
		}
		if kind == major+"/"+minor || kind == major+"/*" || kind == "*/*" {
			return true
		}
	}
	return false
}

// mediaType is mime.ParseMediaType, which does more for a type without parameters than
// comparing it needs.
func mediaType(text string) (kind string, params map[string]string, err error) {
	if !strings.Contains(text, ";") {
		return strings.ToLower(strings.TrimSpace(text)), nil, nil
	}
	return mime.ParseMediaType(text)
}

// checkContentType: JSON as it is. A page can have a browser send other types
// across sites without asking first, and a compressed body has no size that
// could be limited.
func checkContentType(w http.ResponseWriter, r *http.Request) bool {
	if coding := strings.Join(r.Header.Values("Content-Encoding"), ","); coding != "" && !strings.EqualFold(coding, "identity") {
		w.Header().Set("Accept-Encoding", "identity")
		front.Refuse(w, http.StatusUnsupportedMediaType, "send the body without Content-Encoding")
		return false
	}
	kind, _, err := mediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" {
		front.Refuse(w, http.StatusUnsupportedMediaType, "send the header Content-Type: application/json")
		return false
	}
	return true
}
