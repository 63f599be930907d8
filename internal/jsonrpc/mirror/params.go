// SPDX-License-Identifier: MIT

package mirror

import (
	"net/http"
	"strconv"
	"strings"

	"tailscale-mcp/internal/jsonrpc"
)

// headerParam is the prefix of every header that a tool names.
const headerParam = "Mcp-Param-"

// Headers says which arguments of a tool travel in headers too
// (2026-07-28, "Custom Headers from Tool Parameters"): a tree of the properties
// that lead to them. It does not change.
type Headers struct {
	header string              // of the value itself; "" when it has none
	inner  map[string]*Headers // of the members of an object
}

// Set puts the headers of msg, a tools/call that jsonrpc.Scan accepted, into h. It
// reads the arguments as written, so that no number is rounded.
func (m *Headers) Set(h http.Header, msg []byte) {
	arguments := &Headers{inner: map[string]*Headers{"arguments": m}}
	message := &Headers{inner: map[string]*Headers{"params": arguments}}
	message.read(jsonrpc.NewScanner(msg), h)
}

// read passes over the value that m is about.
func (m *Headers) read(s *jsonrpc.Scanner, h http.Header) bool {
	m.unset(h) // of a repeated member the last one counts
	if m.inner != nil && s.AtObject() {
		return s.Members(func(key string) bool {
			if in := m.inner[key]; in != nil {
				return in.read(s, h)
			}
			return s.Skip()
		})
	}
	var raw []byte
	if !s.Raw(&raw) {
		return false
	}
	if m.header != "" {
		if v, ok := paramValue(raw); ok {
			h[m.header] = []string{v}
		}
	}
	return true
}

func (m *Headers) unset(h http.Header) {
	if m.header != "" {
		delete(h, m.header)
	}
	for _, in := range m.inner {
		in.unset(h)
	}
}

// paramValue puts an argument, as written, into the form of a header ("Value
// Encoding"). It reports false for a value without such a form: null, which counts as
// absent, or a value that the tool's schema does not allow there.
func paramValue(raw []byte) (string, bool) {
	switch raw[0] {
	case '"':
		s, ok := jsonrpc.Text(raw)
		return Value(s), ok
	case 't', 'f':
		return string(raw), true
	case 'n', '{', '[':
		return "", false
	}
	return decimal(string(raw))
}

// maxDigits is the number of digits up to which a number with an exponent is written
// out. No float64 has more digits.
const maxDigits = 309

// decimal writes a JSON number in digits, without rounding. It reports false for a
// number that is no integer.
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
