// SPDX-License-Identifier: MIT

package mirror

import (
	"encoding/base64"
	"strings"
)

// The markers of a value that a header cannot carry as it is.
const (
	base64Prefix = "=?base64?"
	base64Suffix = "?="
)

// Value puts s into the form in which a header carries it: s itself if it is Plain,
// else the Base64 form of the specification ("Value Encoding"). A plain value that
// looks like that form is encoded too.
func Value(s string) string {
	ambiguous := strings.HasPrefix(s, base64Prefix) && strings.HasSuffix(s, base64Suffix)
	if Plain(s) && !ambiguous {
		return s
	}
	return base64Prefix + base64.StdEncoding.EncodeToString([]byte(s)) + base64Suffix
}

// Plain reports whether s is ASCII without control characters, and without white space
// at its ends.
func Plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}
