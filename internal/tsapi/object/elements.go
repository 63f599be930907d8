// SPDX-License-Identifier: MIT

package object

import (
	"errors"
	"strings"
)

const (
	// MaxElements bounds the elements of all arrays of an answer: each becomes a
	// value of its own, and many times as large as {} or 0 is.
	MaxElements = 200_000
	// MaxMembers bounds the fields of all its objects.
	MaxMembers = 2_000_000
)

// ErrTooMany is the end of an answer that is short and has too much in it.
var ErrTooMany = errors.New("too many elements")

// checkElements counts before anything is made of the answer, whose text is valid.
// 5,000 devices with all fields have some 40,000 elements and 500,000 fields.
func checkElements(text string) error {
	if CheckSeparators(text) == nil {
		return nil // most answers are short
	}
	values, fields := 0, 0
	var inside []byte // of the containers around the position: { or [
	count := func() bool {
		if inside[len(inside)-1] == '{' {
			fields++
		} else {
			values++
		}
		return values <= MaxElements && fields <= MaxMembers
	}
	for i := 0; i < len(text); i++ {
		enough := false
		switch c := text[i]; c {
		case '"':
			i = stringEnd(text, i) - 1
		case '{', '[':
			inside = append(inside, c)
			enough = !count() // the first in it; an empty one counts as well
		case ',':
			enough = !count()
		case '}', ']':
			inside = inside[:len(inside)-1]
		}
		if enough {
			return ErrTooMany
		}
	}
	return nil
}

// CheckSeparators does as much for a text that may have comments in it, by counting
// more than there is.
func CheckSeparators(text string) error {
	n := 0
	for _, separator := range []string{",", "[", "{"} {
		n += strings.Count(text, separator)
	}
	if n > MaxElements {
		return ErrTooMany
	}
	return nil
}
