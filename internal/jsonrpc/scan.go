// SPDX-License-Identifier: MIT

package jsonrpc

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// maxDepth is how deep arrays and objects of a message may nest; encoding/json
// has the same limit.
const maxDepth = 10000

// The errors of Scan.
var (
	ErrNotJSON   = errors.New("not valid JSON")
	ErrBatch     = errors.New("a batch, which MCP does not have since revision 2025-06-18")
	ErrNotObject = errors.New("not a JSON object")
)

// Scan checks that msg is one valid JSON object in UTF-8 (RFC 8259) and finds the
// members that the envelope names, in one pass and without building values. msg must
// not begin or end with white space. Its error is ErrNotJSON, ErrBatch or
// ErrNotObject. Of a repeated member the last one counts, as in JavaScript and
// encoding/json; other readers take the first, so the envelope names it as Repeated.
func Scan(msg []byte) (Envelope, error) {
	s := Scanner{b: msg}
	if !utf8.Valid(msg) {
		return s.env, fmt.Errorf("%w (not UTF-8)", ErrNotJSON)
	}
	if !s.value(inMessage, 0) || s.i != len(s.b) {
		return s.env, fmt.Errorf("%w (at byte %d of %d)", ErrNotJSON, s.i, len(s.b))
	}
	switch msg[0] {
	case '{':
		return s.env, nil
	case '[':
		return s.env, ErrBatch
	}
	return s.env, ErrNotObject
}

// place is the part of the message that the scanner is in.
type place uint8

const (
	elsewhere place = iota
	inMessage
	inParams
	inMeta
)

// Scanner reads a message value by value, in the order they are written in.
type Scanner struct {
	b        []byte
	i        int
	env      Envelope
	accepted bool // b is valid JSON
}

func (s *Scanner) object(at place, depth int) bool {
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

// enter decodes *key, the name of a member as written, and returns the place of the
// member's value. If the member repeats, it forgets the first value.
func (s *Scanner) enter(at place, key *[]byte) place {
	k := *key
	if bytes.IndexByte(k, '\\') >= 0 {
		t, _ := Text(k)
		k = []byte(t)
	} else {
		k = k[1 : len(k)-1]
	}
	*key = k
	e := &s.env
	if at == inMessage {
		s.count(k)
	}
	switch {
	case at == inMessage && string(k) == "params":
		e.Version, e.Meta, e.Name, e.HasName, e.URI, e.HasURI, e.RequestID = "", nil, "", false, "", false, nil
		return inParams
	case at == inParams && string(k) == "_meta":
		e.Version = ""
		return inMeta
	}
	return elsewhere
}

// note keeps the value that was just passed over, if the envelope names its member.
func (s *Scanner) note(at place, key []byte, from int) {
	raw, e := s.b[from:s.i], &s.env
	switch at {
	case inMessage:
		switch string(key) {
		case "id":
			e.ID, e.IDAt = raw, from
		case "method":
			e.Method, e.HasMethod = Text(raw)
		case "params":
			e.Params, e.ParamsAt = raw, from
		case "result":
			e.Result, e.HasResult = raw, true
		case "error":
			e.Error, e.HasError = raw, true
		}
	case inParams:
		switch string(key) {
		case "name":
			e.Name, e.HasName = Text(raw)
		case "uri":
			e.URI, e.HasURI = Text(raw)
		case "requestId":
			if e.RequestID != nil {
				e.Repeated = "requestId"
			}
			e.RequestID, e.RequestAt = raw, from
		case "_meta":
			if e.Meta != nil {
				e.Repeated = "_meta"
			}
			e.Meta, e.MetaAt = raw, from
		}
	case inMeta:
		if string(key) == VersionKey {
			e.Version, _ = Text(raw)
		}
	}
}

// ownMembers are the members that a message itself can have.
var ownMembers = [...]string{"jsonrpc", "id", "method", "params", "result", "error"}

// count notes that the message has a member of this name. It ignores case, as many
// programs do, encoding/json among them.
func (s *Scanner) count(name []byte) {
	if len(name) > maxFolded {
		return
	}
	for i, known := range ownMembers {
		if string(name) != known && !strings.EqualFold(string(name), known) {
			continue
		}
		if s.env.seen&(1<<i) != 0 {
			s.env.Repeated = known
		}
		s.env.seen |= 1 << i
		return
	}
}

// maxFolded is the length, in bytes, of the longest name that equals one of ownMembers
// but for case: a letter outside ASCII that folds into it takes up to three bytes.
const maxFolded = 3 * len("jsonrpc")
