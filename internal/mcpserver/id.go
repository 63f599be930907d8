// SPDX-License-Identifier: MIT

package mcpserver

import "encoding/json"

// longestID is how many bytes an id or a progress token may have. Every message
// about a request repeats it, so one of megabytes would cost as many times over.
const longestID = 1024

// validID reports whether text is a string or a number, as JSON-RPC 2.0
// section 4 and MCP want an id (and a progress token) to be, and not too long.
func validID(text json.RawMessage) bool {
	return len(text) > 0 && len(text) <= longestID && (text[0] == '"' || text[0] == '-' || text[0] >= '0' && text[0] <= '9')
}
