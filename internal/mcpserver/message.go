// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/front"
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

	params json.RawMessage // nil or an object
	// Of params:
	name          string          // of a tool or prompt
	uri           string          // of a resource
	arguments     json.RawMessage // of a tool
	progressToken json.RawMessage
	cancelled     json.RawMessage // the requestId of notifications/cancelled
	cursor        json.RawMessage // of a list
	rounds        bool            // it has members of calls in several rounds, or of tasks
	version       string          // of the protocol, as _meta says
	modern        bool            // declared 2026-07-28 or later
	capabilities  json.RawMessage // of the client, as _meta says
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
	p, err := split(body)
	if err != nil {
		return m, front.ParseError("it is not JSON")
	}
	switch bytes.TrimLeft(body, " \t\r\n")[0] {
	case '{':
	case '[':
		return m, invalid("batches are not supported since protocol revision 2025-06-18: send one message per request")
	default:
		return m, invalid("the body is not a JSON-RPC message")
	}
	if validID(p.id) {
		m.id = p.id
	}
	switch {
	case p.wrong[topLevel] != nil:
		return m, p.wrong[topLevel]
	case p.id != nil && m.id == nil:
		return m, invalid("the id of a request is a string or a number of at most %d bytes, and null is neither", longestID)
	case string(p.jsonrpc) != `"2.0"`:
		return m, invalid(`"jsonrpc" is not "2.0"`)
	case p.result != nil || p.failed != nil:
		return m, invalid("this server makes no requests, so it takes no responses")
	case !text(p.method, &m.method) || m.method == "":
		return m, invalid(`"method" is not a string`)
	}
	return m, m.readParams(&p)
}

// readParams reads what the stages need of params. What else may be wrong with
// them, the method says.
func (m *message) readParams(p *members) *failure {
	if p.params == nil || string(p.params) == "null" {
		return nil
	}
	if p.params[0] != '{' {
		return invalid(`"params" is not an object`)
	}
	if f := p.wrong[paramsLevel]; f != nil {
		return f
	}
	m.params, m.arguments, m.cancelled, m.cursor = p.params, p.arguments, p.requestID, p.cursor
	m.rounds = p.task != nil || p.inputResponses != nil || p.requestState != nil
	if p.name != nil && !text(p.name, &m.name) {
		return invalidParams("params.name is not a string")
	}
	if p.uri != nil && !text(p.uri, &m.uri) {
		return invalidParams("params.uri is not a string")
	}
	if p.meta == nil || string(p.meta) == "null" {
		return nil
	}
	return m.readMeta(p)
}

// readMeta reads the members of _meta that say how to serve the request.
func (m *message) readMeta(p *members) *failure {
	if p.meta[0] != '{' {
		return invalidParams("params._meta is not an object")
	}
	if f := p.wrong[metaLevel]; f != nil {
		return f
	}
	if token := p.progressToken; validID(token) {
		m.progressToken = token
	} else if token != nil && string(token) != "null" {
		return invalidParams("params._meta.progressToken is no string and no number of at most %d bytes", longestID)
	}
	// Of another type they count as absent, and a request that lacks what its
	// revision requires is refused.
	text(p.version, &m.version)
	m.modern = mcp.IsModernProtocol(m.version)
	m.capabilities = p.capabilities
	var level string
	text(p.logLevel, &level)
	m.logLevel = mcp.LoggingLevel(level)
	if p.client != nil {
		_ = json.Unmarshal(p.client, &m.client)
	}
	m.asks = asks(p.capabilities)
	return nil
}

// asks reports whether a client that can do that can ask a person.
func asks(capabilities json.RawMessage) bool {
	if !bytes.Contains(capabilities, []byte("elicitation")) {
		return false
	}
	var can struct {
		Elicitation map[string]json.RawMessage `json:"elicitation"`
	}
	if json.Unmarshal(capabilities, &can) != nil || can.Elicitation == nil {
		return false
	}
	// None named means forms, as before there were others.
	_, form := can.Elicitation["form"]
	return form || len(can.Elicitation) == 0
}

// text reads a string, or null, which leaves what there is, and reports whether it is
// either.
func text(value json.RawMessage, into *string) bool {
	if len(value) == 0 {
		return false
	}
	if n := len(value); n >= 2 && value[0] == '"' && bytes.IndexByte(value, '\\') < 0 {
		*into = string(value[1 : n-1])
		return true
	}
	return json.Unmarshal(value, into) == nil
}

// wellFormed refuses what is not UTF-8 (RFC 8259 section 8.1), nests too deeply or
// holds too much, before anything builds a tree of it.
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
		return front.ParseError("it is not UTF-8")
	}
	return nil
}
