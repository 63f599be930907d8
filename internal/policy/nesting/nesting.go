// SPDX-License-Identifier: MIT

// Package nesting bounds how deep the lists and objects of a HuJSON text are within each
// other, before the parser sees it: the parser calls itself for each, and a text of a
// million brackets would exhaust the stack and so end the whole program. It is a leaf.
package nesting

import "strings"

// Most is how many lists and objects may be within each other. A policy file has about
// eight; what capabilities hold may have more.
const Most = 200

// TooDeep reports whether a text, be it HuJSON or not, has more than [Most] lists and
// objects within each other.
func TooDeep(text string) bool { return TooDeepAt(text) >= 0 }

// TooDeepAt is the offset of the first bracket in a text that is within [Most] others; -1
// where there is none.
func TooDeepAt(text string) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			i = EndOfString(text, i)
		case '/':
			i = max(i, SkipComment(text, i)-1)
		case '[', '{':
			if depth++; depth > Most {
				return i
			}
		case ']', '}':
			depth--
		}
	}
	return -1
}

// EndOfString is the offset of the quote that ends the string which begins at i; the
// length of the text or more where none does.
func EndOfString(text string, i int) int {
	for i++; i < len(text) && text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i
}

// SkipComment is the offset behind the comment that begins at i; i where there is none.
// The end of the line is no part of a comment.
func SkipComment(text string, i int) int {
	rest := text[i:]
	switch {
	case strings.HasPrefix(rest, "//"):
		if n := strings.IndexByte(rest, '\n'); n >= 0 {
			return i + n
		}
		return len(text)
	case strings.HasPrefix(rest, "/*"):
		if n := strings.Index(rest[2:], "*/"); n >= 0 {
			return i + 2 + n + 2
		}
		return len(text)
	}
	return i
}
