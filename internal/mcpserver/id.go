// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"strconv"
)

// longestID is how many bytes an id or a progress token may have. Every message
// about a request repeats it, so one of megabytes would cost as many times over.
const longestID = 1024

// validID reports whether text is a string or a number, as JSON-RPC 2.0
// section 4 and MCP want an id (and a progress token) to be, and not too long.
func validID(text json.RawMessage) bool {
	return len(text) > 0 && len(text) <= longestID && (text[0] == '"' || text[0] == '-' || text[0] >= '0' && text[0] <= '9')
}

// exactID returns the message with an id that mcp-go gives back unchanged. It
// keeps numbers as float64 and strings decoded, so 9007199254740993, 1.0 or half
// a surrogate pair would be answered under another id, which to the client is
// no answer at all. Such an id travels as a random string instead, which can be
// nowhere else in the answer, and the answer puts the original back.
func (m *message) exactID() (body []byte, standIn string) {
	if m.id == nil || isExact(m.id) {
		return m.body, ""
	}
	standIn = `"` + rand.Text() + `"`
	end := idOffset(m.body)
	body = make([]byte, 0, len(m.body)+len(standIn))
	body = append(body, m.body[:end-len(m.id)]...)
	body = append(body, standIn...)
	return append(body, m.body[end:]...), standIn
}

// isExact reports whether decoding and encoding an id leaves what it says.
func isExact(id json.RawMessage) bool {
	if id[0] == '"' {
		return !bytes.ContainsRune(id, '\\')
	}
	n, err := strconv.ParseInt(string(id), 10, 64)
	return err == nil && strconv.FormatInt(n, 10) == string(id) && n > -1<<53 && n < 1<<53
}

// idOffset returns where the value of the top-level "id" ends.
func idOffset(body []byte) int {
	d := json.NewDecoder(bytes.NewReader(body))
	_, _ = d.Token()
	for d.More() {
		key, _ := d.Token()
		var value json.RawMessage
		_ = d.Decode(&value)
		if key == "id" {
			return int(d.InputOffset())
		}
	}
	return 0 // not reached: parse found the member
}
