// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"
)

// deepest is how many arrays and objects may stand in one another. A JSON-RPC
// message of MCP needs fewer than ten; a parser that follows thousands is a
// way to take its memory.
const deepest = 64

// mostValues is how many values a message may hold. It bounds what a body costs
// once it is parsed: two million zeros fit into 4 MiB and as a tree take
// hundreds.
const mostValues = 50_000

// message is what the stages need of one JSON-RPC message, with the bytes it
// came in. Ids, tokens and arguments stay as they were written.
type message struct {
	body []byte
	// id is nil for a notification.
	id     json.RawMessage
	method string

	// Of params:
	name          string          // of a tool or prompt
	uri           string          // of a resource
	arguments     json.RawMessage // of a tool
	progressToken json.RawMessage
	cancelled     json.RawMessage // the requestId of notifications/cancelled
	modern        bool            // declared 2026-07-28 or later
	logLevel      mcp.LoggingLevel
	client        mcp.Implementation
	asks          bool // the client can ask a person (elicitation by form)
}

// parse reads one message. It refuses what two readers could read differently
// (a member that occurs twice, in whatever case), because what was decided and
// what is done have to be about the same words. The message it returns is never
// nil; of a refused one it holds the id, if that can be read.
func parse(body []byte) (*message, *failure) {
	m := &message{body: body}
	if f := wellFormed(body); f != nil {
		return m, f
	}
	switch bytes.TrimLeft(body, " \t\r\n")[0] {
	case '{':
	case '[':
		return m, invalid("batches are not supported since protocol revision 2025-06-18: send one message per request")
	default:
		return m, invalid("the body is not a JSON-RPC message")
	}
	top, f := members(body, "jsonrpc", "id", "method", "params", "result", "error")
	id, hasID := top["id"]
	if validID(id) {
		m.id = id
	}
	_, result := top["result"]
	_, failed := top["error"]
	switch {
	case f != nil:
		return m, f
	case hasID && m.id == nil:
		return m, invalid("the id of a request is a string or a number of at most %d bytes, and null is neither", longestID)
	case string(top["jsonrpc"]) != `"2.0"`:
		return m, invalid(`"jsonrpc" is not "2.0"`)
	case result || failed:
		return m, invalid("this server makes no requests, so it takes no responses")
	case json.Unmarshal(top["method"], &m.method) != nil || m.method == "":
		return m, invalid(`"method" is not a string`)
	}
	return m, m.readParams(top["params"])
}

// readParams reads what the stages need of params. What else may be wrong with
// them, mcp-go says.
func (m *message) readParams(params json.RawMessage) *failure {
	if params == nil || string(params) == "null" {
		return nil
	}
	if params[0] != '{' {
		return invalid(`"params" is not an object`)
	}
	p, f := members(params, "name", "uri", "arguments", "requestId", "_meta")
	if f != nil {
		return f
	}
	m.arguments, m.cancelled = p["arguments"], p["requestId"]
	for key, into := range map[string]*string{"name": &m.name, "uri": &m.uri} {
		if value, ok := p[key]; ok && json.Unmarshal(value, into) != nil {
			return invalidParams("params.%s is not a string", key)
		}
	}
	if meta, ok := p["_meta"]; ok && string(meta) != "null" {
		return m.readMeta(meta)
	}
	return nil
}

// readMeta reads the members of _meta that say how to serve the request.
func (m *message) readMeta(meta json.RawMessage) *failure {
	if meta[0] != '{' {
		return invalidParams("params._meta is not an object")
	}
	p, f := members(meta, "progressToken", mcp.MetaKeyProtocolVersion, mcp.MetaKeyClientInfo,
		mcp.MetaKeyClientCapabilities, mcp.MetaKeyLogLevel)
	if f != nil {
		return f
	}
	if token := p["progressToken"]; validID(token) {
		m.progressToken = token
	} else if token != nil && string(token) != "null" {
		return invalidParams("params._meta.progressToken is no string and no number of at most %d bytes", longestID)
	}
	// Of another type they count as absent, here as with mcp-go, which refuses
	// a request that lacks what its revision requires.
	var version string
	_ = json.Unmarshal(p[mcp.MetaKeyProtocolVersion], &version)
	m.modern = mcp.IsModernProtocol(version)
	_ = json.Unmarshal(p[mcp.MetaKeyLogLevel], &m.logLevel)
	_ = json.Unmarshal(p[mcp.MetaKeyClientInfo], &m.client)
	var can struct {
		Elicitation map[string]json.RawMessage `json:"elicitation"`
	}
	if json.Unmarshal(p[mcp.MetaKeyClientCapabilities], &can) == nil && can.Elicitation != nil {
		// None named means forms, as before there were others.
		_, form := can.Elicitation["form"]
		m.asks = form || len(can.Elicitation) == 0
	}
	return nil
}

// members splits an object and returns those of its members that are wanted.
// One that is there twice, or in another case, is left out and refused: mcp-go
// reads with encoding/json, for which Method is method and the last one counts.
func members(object []byte, wanted ...string) (map[string]json.RawMessage, *failure) {
	var f *failure
	out := make(map[string]json.RawMessage, len(wanted))
	refused := map[string]bool{}
	d := json.NewDecoder(bytes.NewReader(object))
	_, _ = d.Token() // the text is well-formed and an object
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, parseError(err.Error())
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, parseError(err.Error())
		}
		name, _ := key.(string)
		i := slices.IndexFunc(wanted, func(w string) bool { return strings.EqualFold(name, w) })
		if i < 0 {
			continue
		}
		w := wanted[i]
		_, twice := out[w]
		switch {
		case name != w:
			f = cmp.Or(f, invalid("there is no member %s; member names are case-sensitive", strconv.QuoteToASCII(name)))
		case twice:
			f = cmp.Or(f, invalid("the member %q occurs twice", w))
		case !refused[w]:
			out[w] = value
			continue
		}
		delete(out, w)
		refused[w] = true
	}
	return out, f
}

// wellFormed refuses what is not one JSON text in UTF-8 (RFC 8259 section 8.1),
// nests too deeply or holds too much, before anything builds a tree of it.
func wellFormed(body []byte) *failure {
	depth, values, inString, escaped := 0, 1, false, false
	for _, b := range body {
		switch {
		case escaped:
			escaped = false
		case inString && b == '\\':
			escaped = true
		case b == '"':
			inString = !inString
		case inString:
		case b == ',':
			values++
		case b == '{' || b == '[':
			values++
			if depth++; depth > deepest {
				return invalid("the message nests deeper than %d levels", deepest)
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	switch {
	case values > mostValues:
		return invalid("the message holds more than %d values: send less at once", mostValues)
	case !utf8.Valid(body):
		// Two invalid names are two names here and one, of U+FFFD, when decoded.
		return parseError("it is not UTF-8")
	case !json.Valid(body):
		return parseError("it is not JSON")
	}
	return nil
}
