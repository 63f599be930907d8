// SPDX-License-Identifier: MIT

package proxy

// Header names in the form net/http keeps them in.
const (
	headerAccept    = "Accept"
	headerType      = "Content-Type"
	headerAgent     = "User-Agent"
	headerSession   = "Mcp-Session-Id"
	headerLastEvent = "Last-Event-Id"
)

const (
	typeJSON   = "application/json"
	typeEvents = "text/event-stream"
)

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
