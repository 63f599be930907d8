// SPDX-License-Identifier: MIT

// Package code has the codes by which a change is confirmed: what is handed out to one
// caller for one call, and is good once, for a few minutes, as long as what the call
// would do is the same.
//
// It knows nothing of calls but what a [Binding] says, nor who asks whom. It imports the
// standard library only, and does not fail: what is not good is [Unknown].
package code

import (
	"crypto/rand"
	"strings"
)

// letters are those of a code: 32, of which none looks like another.
const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// group is the length of each of the two halves of a code.
const group = 4

// New returns a code as people read it, such as ABCD-EFGH: 40 random bits.
func New() string {
	var b [2 * group]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	for i := range b {
		b[i] = letters[b[i]%byte(len(letters))]
	}
	return string(b[:group]) + "-" + string(b[group:])
}

// Read returns a code as [New] writes it, from what somebody has copied: in lower
// case, say, or without the hyphen. What can be no code is empty.
func Read(given string) string {
	given = strings.TrimSpace(given)
	if len(given) == 2*group+1 && given[group] == '-' {
		given = given[:group] + given[group+1:]
	}
	if len(given) != 2*group {
		return ""
	}
	code := []byte(given)
	for i, b := range code {
		if b >= 'a' && b <= 'z' { // no other letter has a place here, whatever its capital is
			code[i] = b - 'a' + 'A'
		}
		if strings.IndexByte(letters, code[i]) < 0 {
			return ""
		}
	}
	return string(code[:group]) + "-" + string(code[group:])
}
