// SPDX-License-Identifier: MIT

package tsapi

import (
	"errors"
	"fmt"
	"strings"

	"tailscale-mcp/internal/failure"
)

const (
	// maxElements bounds the elements of all arrays of an answer: each becomes a
	// value of its own, and many times as large as {} or 0 is.
	maxElements = 200_000
	// maxMembers bounds the fields of all its objects.
	maxMembers = 2_000_000
)

// errTooMany is the end of an answer that is short and has too much in it.
var errTooMany = errors.New("too many elements")

// checkElements counts before anything is made of the answer, whose text is valid.
// 5,000 devices with all fields have some 40,000 elements and 500,000 fields.
func checkElements(text string) error {
	if checkSeparators(text) == nil {
		return nil // most answers are short
	}
	elements, members := 0, 0
	var inside []byte // of the containers around the position: { or [
	count := func() bool {
		if inside[len(inside)-1] == '{' {
			members++
		} else {
			elements++
		}
		return elements <= maxElements && members <= maxMembers
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
			return errTooMany
		}
	}
	return nil
}

// checkSeparators does as much for a text that may have comments in it, by counting
// more than there is.
func checkSeparators(text string) error {
	n := 0
	for _, separator := range []string{",", "[", "{"} {
		n += strings.Count(text, separator)
	}
	if n > maxElements {
		return errTooMany
	}
	return nil
}

// decodingError is the error of an answer of which nothing is made.
func decodingError(op *operation, r *reply, err error) *Error {
	if errors.Is(err, errTooMany) {
		return &Error{
			Code: failure.ResultTooLarge, Status: r.status, Op: op.id,
			Message: fmt.Sprintf("the answer of the Tailscale API has more than %d elements in lists or %d fields; nothing of it is used, because half an answer misleads", maxElements, maxMembers),
			Next:    nextNarrow,
		}
	}
	return &Error{
		Code: failure.UpstreamMalformed, Status: r.status, Op: op.id,
		Message: "the answer of the Tailscale API cannot be read: " + err.Error(),
		Next:    nextNotTheAPI,
	}
}
