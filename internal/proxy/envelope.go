// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// versionKey is the member of params._meta that makes a message modern: from
// revision 2026-07-28 on every request names its protocol version there.
const versionKey = "io.modelcontextprotocol/protocolVersion"

// envelope is what the relay needs to know of one JSON-RPC message. Its slices
// point into the message.
type envelope struct {
	id        []byte // "id" as written; nil when the message has none
	idAt      int    // where id begins in the message
	method    string
	hasMethod bool
	hasResult bool
	result    []byte // as written
	hasError  bool

	params    []byte // params as written; nil when the message has none
	paramsAt  int    // where params begins in the message
	meta      []byte // params._meta as written
	metaAt    int    // where params._meta begins in the message
	version   string // params._meta[versionKey]
	name      string // params.name
	hasName   bool
	uri       string // params.uri
	hasURI    bool
	requestID []byte // params.requestId as written: what notifications/cancelled is about
	requestAt int    // where params.requestId begins in the message

	multiline bool // line breaks stand between the tokens
}

// kind is what a JSON-RPC message is.
type kind uint8

const (
	invalid kind = iota
	request
	notification
	response
	errorWithoutID // an error response whose server could not tell the request
)

func (e *envelope) kind() kind {
	switch {
	case e.hasMethod && e.id == nil:
		return notification
	case e.hasMethod && usableID(e.id):
		return request
	case e.hasMethod:
		return invalid
	case !e.hasResult && !e.hasError:
		return invalid
	case usableID(e.id):
		return response
	case e.hasError && (e.id == nil || string(e.id) == "null"):
		return errorWithoutID
	}
	return invalid
}

// modern reports whether the message names its own protocol version.
func (e *envelope) modern() bool { return e.version != "" }

// usableID reports whether raw can identify a request: MCP allows strings and
// numbers, and not null.
func usableID(raw []byte) bool {
	return len(raw) > 0 && (raw[0] == '"' || raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

// idKey is the same for two ids that mean the same, however they are written:
// 1 and 1.0, "a" and "\u0061". Integers of any size stay distinct.
func idKey(raw []byte) string {
	if raw[0] == '"' {
		s, _ := text(raw)
		return `"` + s
	}
	if bytes.ContainsAny(raw, ".eE") {
		f, err := strconv.ParseFloat(string(raw), 64)
		if err == nil && f == math.Trunc(f) && math.Abs(f) < 1<<53 {
			return strconv.FormatInt(int64(f), 10)
		}
		return string(raw)
	}
	if string(raw) == "-0" {
		return "0"
	}
	return string(raw)
}

// sameRounded reports whether two ids are equal numbers for a peer that keeps
// numbers as float64, as JavaScript and many JSON decoders do.
func sameRounded(a, b []byte) bool {
	if a[0] == '"' || b[0] == '"' {
		return false
	}
	x, errX := strconv.ParseFloat(string(a), 64)
	y, errY := strconv.ParseFloat(string(b), 64)
	return errX == nil && errY == nil && x == y
}

// text is the string that raw, a valid JSON string, stands for. It is false
// when raw is not a string.
func text(raw []byte) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), true
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// oneLine replaces line breaks between the tokens of a valid JSON text by
// spaces, in place. Inside JSON strings a line break can only stand escaped.
func oneLine(msg []byte) []byte {
	for i, c := range msg {
		if c == '\n' || c == '\r' {
			msg[i] = ' '
		}
	}
	return msg
}

// withID is msg with id as its id. It returns msg itself when nothing has to
// change.
func withID(msg []byte, e *envelope, id []byte) []byte {
	if bytes.Equal(e.id, id) {
		return msg
	}
	out := make([]byte, 0, len(msg)+len(id)+len(`"id":,`)+1)
	if e.id != nil {
		out = append(out, msg[:e.idAt]...)
		out = append(out, id...)
		return append(out, msg[e.idAt+len(e.id):]...)
	}
	out = append(out, `{"id":`...)
	out = append(out, id...)
	out = append(out, ',')
	return append(out, msg[1:]...)
}
