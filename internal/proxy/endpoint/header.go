// SPDX-License-Identifier: MIT

package endpoint

// Headers of the transport, in the form net/http keeps them in.
const (
	HeaderSession   = "Mcp-Session-Id"
	HeaderLastEvent = "Last-Event-Id"
	HeaderType      = "Content-Type"
	headerAccept    = "Accept"
	headerAgent     = "User-Agent"
)

// Media types of a response: one message, or a stream of events.
const (
	TypeJSON   = "application/json"
	TypeEvents = "text/event-stream"
)

// Visible reports whether s is not empty and of visible ASCII only, as a
// session id has to be.
func Visible(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
