// SPDX-License-Identifier: MIT

// Package message reads the messages of MCP: one JSON-RPC message from its bytes, once,
// into what the stages of package mcpserver need of it.
//
// It refuses what two readers could read differently, what nests or holds too much,
// and what is no message of a client, before anything else has seen it. What a method
// says about its params is the method's own. It imports mcp-go for the names of the
// protocol, and package front for the failure that a refusal is; it does nothing but
// read, and changes no bytes.
package message

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/front"
)

// longestID is how many bytes an id or a progress token may have. Every message
// about a request repeats it, so one of megabytes would cost as many times over.
const longestID = 1024

// deepest is how many arrays and objects may stand in one another. A JSON-RPC
// message of MCP needs fewer than ten; a parser that follows thousands is a
// way to take its memory.
const deepest = 64

// mostValues is how many values a message may hold. It bounds what a body costs
// once it is parsed: two million zeros fit into 4 MiB and as a tree take
// hundreds.
const mostValues = 50_000

// Message is what the stages need of one JSON-RPC message, with the bytes it
// came in. Ids, tokens and arguments stay as they were written.
type Message struct {
	Body []byte
	// id is nil for a notification.
	ID     json.RawMessage
	Method string

	Params json.RawMessage // nil or an object
	// Of params:
	Name          string          // of a tool or prompt
	URI           string          // of a resource
	Arguments     json.RawMessage // of a tool
	ProgressToken json.RawMessage
	Cancelled     json.RawMessage // the requestId of notifications/cancelled
	Cursor        json.RawMessage // of a list
	Rounds        bool            // it has members of calls in several rounds, or of tasks
	Version       string          // of the protocol, as _meta says
	Modern        bool            // declared 2026-07-28 or later
	Capabilities  json.RawMessage // of the client, as _meta says
	LogLevel      mcp.LoggingLevel
	Client        mcp.Implementation
	Meta          json.RawMessage // params._meta; nil or an object
	Asks          bool            // the client can ask a person (elicitation by form)

	// Of a response, which has no method: one of both.
	Result, Error json.RawMessage
}

// Parse reads one message. It refuses what two readers could read differently
// (a member that occurs twice, in whatever case), because what was decided and
// what is done have to be about the same words. The message it returns is never
// nil; of a refused one it holds the id, if that can be read.
func Parse(body []byte) (*Message, *front.Failure) {
	m := &Message{Body: body}
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
		return m, Invalid("batches are not supported since protocol revision 2025-06-18: send one message per request")
	default:
		return m, Invalid("the body is not a JSON-RPC message")
	}
	if validID(p.id) {
		m.ID = p.id
	}
	switch {
	case p.wrong[topLevel] != nil:
		return m, p.wrong[topLevel]
	case p.id != nil && m.ID == nil:
		return m, Invalid("the id of a request is a string or a number of at most %d bytes, and null is neither", longestID)
	case string(p.jsonrpc) != `"2.0"`:
		return m, Invalid(`"jsonrpc" is not "2.0"`)
	case p.result != nil || p.failed != nil:
		return m, m.readResponse(&p)
	case !text(p.method, &m.Method) || m.Method == "":
		return m, Invalid(`"method" is not a string`)
	}
	return m, m.readParams(&p)
}

// Responds reports whether the message is a response.
func (m *Message) Responds() bool { return m.Result != nil || m.Error != nil }

// readResponse takes a response, whose result, or error, is an object in MCP.
func (m *Message) readResponse(p *members) *front.Failure {
	switch {
	case m.ID == nil || p.method != nil || p.params != nil || p.result != nil && p.failed != nil,
		p.result != nil && p.result[0] != '{', p.failed != nil && p.failed[0] != '{':
		return Invalid("a response has the id of its request, and a result or an error, which is an object")
	}
	m.Result, m.Error = p.result, p.failed
	return nil
}

// readParams reads what the stages need of params. What else may be wrong with
// them, the method says.
func (m *Message) readParams(p *members) *front.Failure {
	if p.params == nil || string(p.params) == "null" {
		return nil
	}
	if p.params[0] != '{' {
		return Invalid(`"params" is not an object`)
	}
	if f := p.wrong[paramsLevel]; f != nil {
		return f
	}
	m.Params, m.Arguments, m.Cancelled, m.Cursor = p.params, p.arguments, p.requestID, p.cursor
	m.Rounds = p.task != nil || p.inputResponses != nil || p.requestState != nil
	if p.name != nil && !text(p.name, &m.Name) {
		return InvalidParams("params.name is not a string")
	}
	if p.uri != nil && !text(p.uri, &m.URI) {
		return InvalidParams("params.uri is not a string")
	}
	if p.meta == nil || string(p.meta) == "null" {
		return nil
	}
	return m.readMeta(p)
}

// readMeta reads the members of _meta that say how to serve the request.
func (m *Message) readMeta(p *members) *front.Failure {
	if p.meta[0] != '{' {
		return InvalidParams("params._meta is not an object")
	}
	m.Meta = p.meta
	if f := p.wrong[metaLevel]; f != nil {
		return f
	}
	if token := p.progressToken; validID(token) {
		m.ProgressToken = token
	} else if token != nil && string(token) != "null" {
		return InvalidParams("params._meta.progressToken is no string and no number of at most %d bytes", longestID)
	}
	// Of another type they count as absent, and a request that lacks what its
	// revision requires is refused.
	text(p.version, &m.Version)
	m.Modern = mcp.IsModernProtocol(m.Version)
	m.Capabilities = p.capabilities
	var level string
	if text(p.logLevel, &level); m.Modern && level != "" && !mcp.LoggingLevel(level).ShouldSendTo(mcp.LoggingLevelDebug) {
		return InvalidParams("params._meta has a log level that is none of those that the protocol has")
	}
	m.LogLevel = mcp.LoggingLevel(level)
	if p.client != nil {
		_ = json.Unmarshal(p.client, &m.Client)
	}
	m.Asks = asks(p.capabilities)
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

// Subscribes reports whether the message asks for a stream that stays open.
func (m *Message) Subscribes() bool {
	return m.Method == string(mcp.MethodSubscriptionsListen) && m.Modern && m.ID != nil
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
func wellFormed(body []byte) *front.Failure {
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
				return Invalid("the message nests deeper than %d levels", deepest)
			}
		case b == '}' || b == ']':
			depth--
		}
	}
	switch {
	case values > mostValues:
		return Invalid("the message holds more than %d values: send less at once", mostValues)
	case !utf8.Valid(body):
		// Two invalid names are two names here and one, of U+FFFD, when decoded.
		return front.ParseError("it is not UTF-8")
	}
	return nil
}

// validID reports whether text is a string or a number, as JSON-RPC 2.0
// section 4 and MCP want an id (and a progress token) to be, and not too long.
func validID(text json.RawMessage) bool {
	return len(text) > 0 && len(text) <= longestID && (text[0] == '"' || text[0] == '-' || text[0] >= '0' && text[0] <= '9')
}
