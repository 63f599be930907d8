// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
)

// VersionKey is the member of params._meta that makes a message modern: from
// revision 2026-07-28 on every request names its protocol version there.
const VersionKey = "io.modelcontextprotocol/protocolVersion"

// Envelope holds the members of one JSON-RPC message that decide where the message
// goes. Its slices point into the message; positions are offsets in it, in bytes.
type Envelope struct {
	ID        []byte // "id" as written; nil if the message has none
	IDAt      int    // where id begins in the message
	Method    string
	HasMethod bool
	HasResult bool
	Result    []byte // as written
	HasError  bool
	Error     []byte // as written

	Params    []byte // params as written; nil if the message has none
	ParamsAt  int    // where params begins in the message
	Meta      []byte // params._meta as written
	MetaAt    int    // where params._meta begins in the message
	Version   string // params._meta[versionKey]
	Name      string // params.name
	HasName   bool
	URI       string // params.uri
	HasURI    bool
	RequestID []byte // params.requestId as written: names the request that notifications/cancelled ends
	RequestAt int    // where params.requestId begins in the message

	Multiline bool   // there are line breaks between the tokens
	Repeated  string // the name of a member above that the message has twice; "" if there is none
	seen      uint8  // bits of ownMembers, for the members found so far
}

// Kind is the kind of a JSON-RPC message.
type Kind uint8

// The kinds of a message.
const (
	Invalid Kind = iota
	Request
	Notification
	Response
	ErrorWithoutID // an error response whose server could not tell the request
)

// Kind tells a request from a notification, a response and a message that is none
// of them.
func (e *Envelope) Kind() Kind {
	switch {
	case e.HasMethod && e.ID == nil:
		return Notification
	case e.HasMethod && UsableID(e.ID):
		return Request
	case e.HasMethod:
		return Invalid
	case !e.HasResult && !e.HasError:
		return Invalid
	case UsableID(e.ID):
		return Response
	case e.HasError && (e.ID == nil || string(e.ID) == "null"):
		return ErrorWithoutID
	}
	return Invalid
}

// Modern reports whether the message names its own protocol version.
func (e *Envelope) Modern() bool { return e.Version != "" }

// SaysError reports whether the message has an error of JSON-RPC, an object with a number as
// its code. What stands in front of a server has errors of its own under that name, such as
// the text of RFC 6750, "invalid_token".
func (e *Envelope) SaysError() bool {
	var said struct{ Code *float64 }
	return e.HasError && json.Unmarshal(e.Error, &said) == nil && said.Code != nil
}

// UsableID reports whether raw can be the id of a request: MCP allows strings and
// numbers, but not null.
func UsableID(raw []byte) bool {
	return len(raw) > 0 && (raw[0] == '"' || raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

// IDKey is a map key for an id. Two ids that mean the same have the same key: 1 and
// 1.0, "a" and "\u0061". Integers of any size stay distinct.
func IDKey(raw []byte) string {
	if raw[0] == '"' {
		s, _ := Text(raw)
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

// SameRounded reports whether two ids are equal numbers for a peer that keeps
// numbers as float64, as JavaScript and many JSON decoders do.
func SameRounded(a, b []byte) bool {
	if a[0] == '"' || b[0] == '"' {
		return false
	}
	x, errX := strconv.ParseFloat(string(a), 64)
	y, errY := strconv.ParseFloat(string(b), 64)
	return errX == nil && errY == nil && x == y
}

// Text decodes raw, a valid JSON value. It reports false if raw is not a string.
func Text(raw []byte) (string, bool) {
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

// OneLine returns msg after it has replaced line breaks between the tokens of a valid JSON text by
// spaces in place. Inside JSON strings a line break can only stand escaped.
func OneLine(msg []byte) []byte {
	for i, c := range msg {
		if c == '\n' || c == '\r' {
			msg[i] = ' '
		}
	}
	return msg
}

// WithID returns msg with id as its id: msg itself if it has that id already, else a
// copy.
func WithID(msg []byte, e *Envelope, id []byte) []byte {
	if bytes.Equal(e.ID, id) {
		return msg
	}
	out := make([]byte, 0, len(msg)+len(id)+len(`"id":,`)+1)
	if e.ID != nil {
		out = append(out, msg[:e.IDAt]...)
		out = append(out, id...)
		return append(out, msg[e.IDAt+len(e.ID):]...)
	}
	out = append(out, `{"id":`...)
	out = append(out, id...)
	out = append(out, ',')
	return append(out, msg[1:]...)
}
