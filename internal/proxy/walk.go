// SPDX-License-Identifier: MIT

package proxy

// Reading parts of a message that scan accepted, in one pass and as written.

// members calls do for every member of the object that begins at s.i, in the
// order they are written; do passes over the value. Any other value is passed
// over.
func (s *scanner) members(do func(key string) bool) bool {
	if s.i >= len(s.b) || s.b[s.i] != '{' {
		return s.value(elsewhere, 0)
	}
	s.i++
	s.space()
	if s.next('}') {
		return true
	}
	for {
		from := s.i
		if !s.str() {
			return false
		}
		key, _ := text(s.b[from:s.i]) // of a string: cannot fail
		s.space()
		if !s.next(':') {
			return false
		}
		s.space()
		if !do(key) {
			return false
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

// elements is members for arrays.
func (s *scanner) elements(do func() bool) bool {
	if s.i >= len(s.b) || s.b[s.i] != '[' {
		return s.value(elsewhere, 0)
	}
	s.i++
	s.space()
	if s.next(']') {
		return true
	}
	for {
		if !do() {
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

// raw passes over one value into to, as written.
func (s *scanner) raw(to *[]byte) bool {
	from := s.i
	if !s.value(elsewhere, 0) {
		return false
	}
	*to = s.b[from:s.i]
	return true
}

// paramOf is the member of params with this name in msg, as written; nil when
// there is none.
func paramOf(msg []byte, name string) []byte {
	var found []byte
	s := scanner{b: msg}
	s.members(func(key string) bool {
		if key != "params" {
			return s.value(elsewhere, 0)
		}
		found = nil // of a repeated member the last one counts
		return s.members(func(key string) bool {
			if key != name {
				return s.value(elsewhere, 0)
			}
			return s.raw(&found)
		})
	})
	return found
}
