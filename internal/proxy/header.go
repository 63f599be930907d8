// SPDX-License-Identifier: MIT

package proxy

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// Header names in the form net/http keeps them in.
const (
	headerAccept    = "Accept"
	headerType      = "Content-Type"
	headerAgent     = "User-Agent"
	headerVersion   = "Mcp-Protocol-Version"
	headerSession   = "Mcp-Session-Id"
	headerLastEvent = "Last-Event-Id"
	headerMethod    = "Mcp-Method"
	headerName      = "Mcp-Name"
)

const (
	typeJSON   = "application/json"
	typeEvents = "text/event-stream"
)

// modernHeaders sets what revision 2026-07-28 mirrors from the body into
// headers on every POST (Streamable HTTP, "Request Metadata"): the protocol
// version, the method, and the name of the tool, prompt or resource. version
// stands in for messages that do not name one themselves.
func modernHeaders(h http.Header, e *envelope, version string) {
	if e.version != "" {
		version = e.version
	}
	if version != "" {
		h[headerVersion] = []string{headerValue(version)}
	}
	if e.hasMethod {
		h[headerMethod] = []string{headerValue(e.method)}
	}
	switch e.method {
	case methodToolsCall, "prompts/get":
		if e.hasName {
			h[headerName] = []string{headerValue(e.name)}
		}
	case "resources/read":
		if e.hasURI {
			h[headerName] = []string{headerValue(e.uri)}
		}
	}
}

// The markers of a value that a header cannot carry as it is.
const (
	base64Prefix = "=?base64?"
	base64Suffix = "?="
)

// headerValue is s as a header carries it: as it is when it is plain ASCII
// without white space at the ends, else in the Base64 form of the
// specification ("Value Encoding"), which also covers a value that looks like
// that form.
func headerValue(s string) string {
	ambiguous := strings.HasPrefix(s, base64Prefix) && strings.HasSuffix(s, base64Suffix)
	if plain(s) && !ambiguous {
		return s
	}
	return base64Prefix + base64.StdEncoding.EncodeToString([]byte(s)) + base64Suffix
}

func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// visible reports whether s is not empty and of visible ASCII only, as a
// session id has to be.
func visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
