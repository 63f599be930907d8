// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects of a message may nest; encoding/json
// has the same limit.
const maxDepth = 10000

var (
	errNotJSON   = errors.New("not valid JSON")
	errBatch     = errors.New("a batch, which MCP does not have since revision 2025-06-18")
	errNotObject = errors.New("not a JSON object")
)

// scan checks that msg is one valid JSON object in UTF-8 (RFC 8259) and picks
// out what the relay needs, in one pass and without building values. msg must
// not begin or end with white space. Of a repeated member the last one counts,
// as in JavaScript and encoding/json.
func scan(msg []byte) (envelope, error) {
	s := scanner{b: msg}
	if !utf8.Valid(msg) {
		return s.env, fmt.Errorf("%w (not UTF-8)", errNotJSON)
	}
	if !s.value(inMessage, 0) || s.i != len(s.b) {
		return s.env, fmt.Errorf("%w (at byte %d of %d)", errNotJSON, s.i, len(s.b))
	}
	switch msg[0] {
	case '{':
		return s.env, nil
	case '[':
		return s.env, errBatch
	}
	return s.env, errNotObject
}

// place is where in a message the scanner is, as far as it matters.
type place uint8

const (
	elsewhere place = iota
	inMessage
	inParams
	inMeta
)

type scanner struct {
	b   []byte
	i   int
	env envelope
}

// value passes over one value. It reports false at the first byte that is not
// JSON, with s.i there.
func (s *scanner) value(at place, depth int) bool {
	if s.i >= len(s.b) || depth > maxDepth {
		return false
	}
	switch c := s.b[s.i]; {
	case c == '{':
		return s.object(at, depth)
	case c == '[':
		return s.array(depth)
	case c == '"':
		return s.str()
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	case c == 't':
		return s.literal("true")
	case c == 'f':
		return s.literal("false")
	case c == 'n':
		return s.literal("null")
	}
	return false
}

func (s *scanner) object(at place, depth int) bool {
	s.i++ // {
	s.space()
	if s.next('}') {
		return true
	}
	for {
		from := s.i
		if !s.str() {
			return false
		}
		key := s.b[from:s.i]
		s.space()
		if !s.next(':') {
			return false
		}
		s.space()
		inner := elsewhere
		if at != elsewhere {
			inner = s.enter(at, &key)
		}
		from = s.i
		if !s.value(inner, depth+1) {
			return false
		}
		if at != elsewhere {
			s.note(at, key, from)
		}
		s.space()
		if s.next('}') {
			return true
		}
		if !s.next(',') {
			return false
		}
		s.space()
	}
}

// enter makes *key, a member's name as written, the name it stands for, and
// says where the member's value is. A member that repeats forgets the first.
func (s *scanner) enter(at place, key *[]byte) place {
	k := *key
	if bytes.IndexByte(k, '\\') >= 0 {
		t, _ := text(k)
		k = []byte(t)
	} else {
		k = k[1 : len(k)-1]
	}
	*key = k
	e := &s.env
	switch {
	case at == inMessage && string(k) == "params":
		e.version, e.meta, e.name, e.hasName, e.uri, e.hasURI, e.requestID = "", nil, "", false, "", false, nil
		return inParams
	case at == inParams && string(k) == "_meta":
		e.version = ""
		return inMeta
	}
	return elsewhere
}

// note keeps the value that was just passed over, if it is one of those the
// relay needs.
func (s *scanner) note(at place, key []byte, from int) {
	raw, e := s.b[from:s.i], &s.env
	switch at {
	case inMessage:
		switch string(key) {
		case "id":
			e.id, e.idAt = raw, from
		case "method":
			e.method, e.hasMethod = text(raw)
		case "params":
			e.params, e.paramsAt = raw, from
		case "result":
			e.result, e.hasResult = raw, true
		case "error":
			e.hasError = true
		}
	case inParams:
		switch string(key) {
		case "name":
			e.name, e.hasName = text(raw)
		case "uri":
			e.uri, e.hasURI = text(raw)
		case "requestId":
			e.requestID, e.requestAt = raw, from
		case "_meta":
			e.meta, e.metaAt = raw, from
		}
	case inMeta:
		if string(key) == versionKey {
			e.version, _ = text(raw)
		}
	}
}

func (s *scanner) array(depth int) bool {
	s.i++ // [
	s.space()
	if s.next(']') {
		return true
	}
	for {
		if !s.value(elsewhere, depth+1) {
			return false
		}
		s.space()
		if s.next(']') {
			return true
		}
		if !s.next(',') {
			return false
		}
		s.space()
	}
}

func (s *scanner) str() bool {
	if !s.next('"') {
		return false
	}
	for {
		// Most bytes of large messages pass here.
		rest := s.b[s.i:]
		n := 0
		for n < len(rest) && rest[n] >= 0x20 && rest[n] != '"' && rest[n] != '\\' {
			n++
		}
		s.i += n
		switch {
		case s.next('"'):
			return true
		case s.i == len(s.b) || s.b[s.i] != '\\' || !s.escape():
			return false
		}
	}
}

func (s *scanner) escape() bool {
	s.i++ // the backslash
	if s.i >= len(s.b) {
		return false
	}
	switch s.b[s.i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.i++
		return true
	case 'u':
		s.i++
		for range 4 {
			if s.i >= len(s.b) || !isHex(s.b[s.i]) {
				return false
			}
			s.i++
		}
		return true
	}
	return false
}

func (s *scanner) number() bool {
	s.next('-')
	if !s.next('0') && !s.digits() {
		return false
	}
	if s.next('.') && !s.digits() {
		return false
	}
	if s.next('e') || s.next('E') {
		if !s.next('+') {
			s.next('-')
		}
		return s.digits()
	}
	return true
}

func (s *scanner) digits() bool {
	from := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > from
}

func (s *scanner) literal(word string) bool {
	if !bytes.HasPrefix(s.b[s.i:], []byte(word)) {
		return false
	}
	s.i += len(word)
	return true
}

func (s *scanner) space() {
	for s.i < len(s.b) {
		switch s.b[s.i] {
		case '\n', '\r':
			s.env.multiline = true
		case ' ', '\t':
		default:
			return
		}
		s.i++
	}
}

func (s *scanner) next(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F'
}
