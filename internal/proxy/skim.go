// SPDX-License-Identifier: MIT

package proxy

// skim looks for the id and the method of a message that is too large to keep,
// while it passes. It reads the members of the outermost object and needs a
// constant amount of memory. It takes the message to be valid JSON; of one
// that is not, it may see nothing.
type skim struct {
	depth    int
	inString bool
	escaped  bool
	isValue  bool // at depth 1: after the colon

	key, value []byte // of the member being read at depth 1
	id         []byte // as written
	hasMethod  bool
	sawObject  bool
}

// maxSkimmed is the longest key or id that is kept.
const maxSkimmed = 256

func (s *skim) write(p []byte) {
	for _, c := range p {
		s.byte(c)
	}
}

func (s *skim) byte(c byte) {
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

// keep adds c to the key or value being read, of a member of the outermost
// object. What follows the longest length is dropped, which makes it useless.
func (s *skim) keep(c byte) {
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

// member ends one member of the outermost object.
func (s *skim) member() {
	if len(s.value) <= maxSkimmed {
		switch string(s.key) {
		case `"id"`:
			if e, err := scan([]byte(`{"id":` + string(s.value) + `}`)); err == nil && usableID(e.id) && len(e.id) == len(s.value) {
				s.id = e.id
			}
		}
	}
	if string(s.key) == `"method"` {
		s.hasMethod = true
	}
	s.key, s.value, s.isValue = nil, nil, false
}
