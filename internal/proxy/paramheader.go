// SPDX-License-Identifier: MIT

package proxy

import (
	"net/http"
	"strconv"
	"strings"
)

// headerParam is what precedes the name that a tool gives a header.
const headerParam = "Mcp-Param-"

// mirrored says which arguments of a tool its calls carry in headers too
// (2026-07-28, "Custom Headers from Tool Parameters"): a tree of the properties
// that lead to them. It does not change.
type mirrored struct {
	header string               // of the value itself; "" when it has none
	inner  map[string]*mirrored // of the members of an object
}

// set puts the headers of msg, a tools/call that scan accepted, into h. They
// are read from the message as written, so that no number is rounded.
func (m *mirrored) set(h http.Header, msg []byte) {
	arguments := &mirrored{inner: map[string]*mirrored{"arguments": m}}
	message := &mirrored{inner: map[string]*mirrored{"params": arguments}}
	message.read(&scanner{b: msg}, h)
}

// read passes over the value that m is about.
func (m *mirrored) read(s *scanner, h http.Header) bool {
	m.unset(h) // of a repeated member the last one counts
	if m.inner != nil && s.i < len(s.b) && s.b[s.i] == '{' {
		return s.members(func(key string) bool {
			if in := m.inner[key]; in != nil {
				return in.read(s, h)
			}
			return s.value(elsewhere, 0)
		})
	}
	var raw []byte
	if !s.raw(&raw) {
		return false
	}
	if m.header != "" {
		if v, ok := paramValue(raw); ok {
			h[m.header] = []string{v}
		}
	}
	return true
}

func (m *mirrored) unset(h http.Header) {
	if m.header != "" {
		delete(h, m.header)
	}
	for _, in := range m.inner {
		in.unset(h)
	}
}

// paramValue is an argument, as written, in the form of a header ("Value
// Encoding"). It is false for what has no such form: null, which is as good as
// absent, and values that the tool's schema does not allow there.
func paramValue(raw []byte) (string, bool) {
	switch raw[0] {
	case '"':
		s, ok := text(raw)
		return headerValue(s), ok
	case 't', 'f':
		return string(raw), true
	case 'n', '{', '[':
		return "", false
	}
	return decimal(string(raw))
}

// maxDigits is the length of the longest integer that is written out for a
// number with an exponent. No float64 has more digits.
const maxDigits = 309

// decimal is a JSON number in digits, every one of them exact. It is false for
// a number that is no integer.
func decimal(raw string) (string, bool) {
	sign := ""
	if strings.HasPrefix(raw, "-") {
		sign, raw = "-", raw[1:]
	}
	whole, exponent := raw, ""
	if i := strings.IndexAny(raw, "eE"); i >= 0 {
		whole, exponent = raw[:i], raw[i+1:]
	}
	whole, fraction, _ := strings.Cut(whole, ".")
	digits := strings.TrimRight(strings.TrimLeft(whole+fraction, "0"), "0")
	if digits == "" {
		return "0", true
	}
	if exponent == "" && fraction == "" {
		return sign + whole, true // the usual way to write one
	}
	shift, err := strconv.Atoi(exponent)
	if exponent != "" && (err != nil || shift < -len(raw) || shift > len(raw)+maxDigits) {
		return "", false
	}
	// The value is 0.digits times ten to the power of point.
	zeros := len(whole+fraction) - len(strings.TrimLeft(whole+fraction, "0"))
	point := len(whole) + shift - zeros
	if point < len(digits) || point > max(maxDigits, len(digits)) {
		return "", false
	}
	return sign + digits + strings.Repeat("0", point-len(digits)), true
}
