// SPDX-License-Identifier: MIT

package asking

import (
	"bytes"
	"encoding/json"
	"strings"

	"tailscale-mcp/internal/visible"
)

// Cancelled is the result of an elicitation that its person has not answered.
var Cancelled = json.RawMessage(`{"action":"cancel"}`)

// From is a request that [Offers.Takes] takes, as it goes to a client: its person is told
// which server asks, whose words are not to pass for those of the gateway or of another.
// What is there twice is there once, and what would hide or rewrite the words before it is
// dropped, in what is read of a form too: it is to be read by a person, perhaps in a terminal.
// All else stays as the server wrote it, URLs too.
func (r Request) From(server string) Request {
	members := map[string]json.RawMessage{}
	if r.given() && json.Unmarshal(r.Params, &members) != nil {
		return Request{Method: r.Method} // cannot be, after Takes
	}
	if r.Method == Elicit {
		members["message"] = text("The server " + server + " asks: " + shown(*word(members["message"])))
		if schema := members["requestedSchema"]; schema != nil {
			members["requestedSchema"], _ = readable(schema) // which Takes has taken
		}
	}
	if len(members) == 0 {
		return Request{Method: r.Method}
	}
	all, _ := plain(members) // of what was JSON: cannot fail
	return Request{r.Method, all}
}

// shown is s without characters that show as nothing, or move what is before them.
func shown(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.Map(func(r rune) rune {
		if visible.Hidden(r) {
			return -1
		}
		return r
	}, s)
}

func text(s string) json.RawMessage {
	t, _ := plain(s) // of a string: cannot fail
	return t
}

// plain is v as JSON in which a URL stays as it is.
func plain(v any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}
