// SPDX-License-Identifier: MIT

package object

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
)

// The scanner in this file walks through text that was found valid, so it looks
// for ends, not for errors. It allocates nothing.

// members yields the names and the value texts of an object's text.
func members(text string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := afterSpace(text, 1); i < len(text) && text[i] == '"'; {
			end := valueEnd(text, i)
			name, err := Unquote(text[i:end])
			if err != nil {
				return // cannot be: the text is valid
			}
			i = afterSpace(text, afterSpace(text, end)+1) // past the colon
			end = valueEnd(text, i)
			if !yield(name, text[i:end]) {
				return
			}
			i = afterSpace(text, afterSpace(text, end)+1) // past the comma or brace
		}
	}
}

// Elements yields the value texts of an array's text.
func Elements(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := afterSpace(text, 1); i < len(text) && text[i] != ']'; {
			end := valueEnd(text, i)
			if !yield(text[i:end]) {
				return
			}
			i = afterSpace(text, afterSpace(text, end)+1) // past the comma or bracket
		}
	}
}

// afterSpace returns the position of the first byte from i on that is no space.
func afterSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\n' || s[i] == '\t' || s[i] == '\r') {
		i++
	}
	return i
}

// valueEnd returns the position behind the value that starts at i.
func valueEnd(s string, i int) int {
	depth := 0
	for i < len(s) {
		switch s[i] {
		case '"':
			i = stringEnd(s, i)
			if depth == 0 {
				return i
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			} else if depth < 0 {
				return i // behind a number or a word
			}
		case ',', ' ', '\n', '\t', '\r', ':':
			if depth == 0 {
				return i
			}
		}
		i++
	}
	return i
}

// stringEnd returns the position behind the string whose quote is at i.
func stringEnd(s string, i int) int {
	for from := i + 1; ; {
		quote := strings.IndexByte(s[from:], '"')
		if quote < 0 {
			return len(s) // cannot be: the text is valid
		}
		quote += from
		// The quote is part of the string behind an odd number of backslashes.
		first := quote
		for s[first-1] == '\\' {
			first--
		}
		if (quote-first)%2 == 0 {
			return quote + 1
		}
		from = quote + 1
	}
}

// Unquote returns the value of a JSON string's text; without escapes it is part
// of that text.
func Unquote(text string) (string, error) {
	if len(text) < 2 || text[0] != '"' {
		return "", fmt.Errorf("it is %s, not a string", TypeName(text))
	}
	if strings.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1], nil
	}
	var s string
	err := json.Unmarshal([]byte(text), &s)
	return s, err
}

// TypeName names the type of a JSON value by its first byte.
func TypeName(text string) string {
	switch {
	case text == "":
		return "nothing"
	case text[0] == '{':
		return "an object"
	case text[0] == '[':
		return "an array"
	case text[0] == '"':
		return "a string"
	case text[0] == 't' || text[0] == 'f':
		return "a boolean"
	case text[0] == 'n':
		return "null"
	}
	return "a number"
}
