// SPDX-License-Identifier: MIT

package jsonrpc

// NewScanner returns a scanner at the first byte of msg, a message that Scan
// accepted, or a value of one: what its strings have in them is not checked again.
func NewScanner(msg []byte) *Scanner { return &Scanner{b: msg, accepted: true} }

// Pos is the offset in the message of the next byte that the scanner reads.
func (s *Scanner) Pos() int { return s.i }

// AtObject reports whether the next value is an object.
func (s *Scanner) AtObject() bool { return s.i < len(s.b) && s.b[s.i] == '{' }

// Skip passes over one value. It reports false where the text is not JSON.
func (s *Scanner) Skip() bool { return s.value(elsewhere, 0) }

// Members calls do for every member of the object that comes next, in the order
// they are written; do has to pass over the member's value. A value that is no
// object is passed over. It reports false where do did, or where the text is not
// JSON.
func (s *Scanner) Members(do func(key string) bool) bool {
	if !s.AtObject() {
		return s.Skip()
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
		key, _ := Text(s.b[from:s.i]) // of a string: cannot fail
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

// Elements does for the elements of an array what Members does for the members
// of an object.
func (s *Scanner) Elements(do func() bool) bool {
	if s.i >= len(s.b) || s.b[s.i] != '[' {
		return s.Skip()
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

// Raw passes over one value and sets to to its bytes, which are part of the
// message.
func (s *Scanner) Raw(to *[]byte) bool {
	from := s.i
	if !s.Skip() {
		return false
	}
	*to = s.b[from:s.i]
	return true
}

// Param is the value of the member name of msg's params, as written; nil when
// there is no such member.
func Param(msg []byte, name string) []byte {
	var found []byte
	s := NewScanner(msg)
	s.Members(func(key string) bool {
		if key != "params" {
			return s.Skip()
		}
		found = nil // of a repeated member the last one counts
		return s.Members(func(key string) bool {
			if key != name {
				return s.Skip()
			}
			return s.Raw(&found)
		})
	})
	return found
}
