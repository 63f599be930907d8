// SPDX-License-Identifier: MIT

package jsonrpc

// Skim finds the id and the method of a message that is too large to keep, so that
// the message can be answered. It reads the members of the outermost object, byte by
// byte and in constant memory. It takes the message for valid JSON; of any other it
// may find nothing.
type Skim struct {
	depth    int
	inString bool
	escaped  bool
	isValue  bool // at depth 1: after the colon

	key, value []byte // of the member being read at depth 1
	ID         []byte // as written
	HasMethod  bool
	sawObject  bool
}

// maxSkimmed is the length, in bytes, of the longest key or id that is kept.
const maxSkimmed = 256

func (s *Skim) write(p []byte) {
	for _, c := range p {
		s.byte(c)
	}
}

func (s *Skim) byte(c byte) {
	switch {
	case s.inString:
		s.keep(c)
		switch {
		case s.escaped:
			s.escaped = false
		case c == '\\':
			s.escaped = true
		case c == '"':
			s.inString = false
		}
	case c == '"':
		s.keep(c)
		s.inString = true
	case c == '{' || c == '[':
		s.keep(c)
		s.depth++
		if s.depth == 1 && c == '{' {
			s.sawObject = true
			s.key, s.value, s.isValue = nil, nil, false
		}
	case c == '}' || c == ']':
		if s.depth == 1 {
			s.member()
		}
		s.depth--
	case s.depth == 1 && c == ':':
		s.isValue = true
	case s.depth == 1 && c == ',':
		s.member()
	case c == ' ' || c == '\t' || c == '\r' || c == '\n':
	default:
		s.keep(c)
	}
}

// keep adds c to the key or value that is being read, if it is of the outermost
// object. A text that grows longer than maxSkimmed is not used.
func (s *Skim) keep(c byte) {
	if s.depth != 1 || !s.sawObject {
		return
	}
	to := &s.key
	if s.isValue {
		to = &s.value
	}
	if len(*to) <= maxSkimmed {
		*to = append(*to, c)
	}
}

// member is called at the end of a member of the outermost object.
func (s *Skim) member() {
	if len(s.value) <= maxSkimmed {
		switch string(s.key) {
		case `"id"`:
			if e, err := Scan([]byte(`{"id":` + string(s.value) + `}`)); err == nil && UsableID(e.ID) && len(e.ID) == len(s.value) {
				s.ID = e.ID
			}
		}
	}
	if string(s.key) == `"method"` {
		s.HasMethod = true
	}
	s.key, s.value, s.isValue = nil, nil, false
}
