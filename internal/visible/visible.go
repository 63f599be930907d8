// SPDX-License-Identifier: MIT

// Package visible shows what nobody would see in a text that others wrote: a model
// reads an invisible character as any other, and a person who is to notice it does
// not. It imports the standard library, and nothing in it fails.
package visible

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hidden reports whether a character shows as nothing, or as something else to
// everybody: controls but those that make lines and columns, format characters (zero
// width, directions of writing, tags), line and paragraph separators, fillers,
// variation selectors, and those of private use. Emoji are joined by some of them;
// nothing tells those from others.
func Hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t' || r == '\r':
		return false
	case r < utf8.RuneSelf:
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Count returns how many characters of s are hidden.
func Count(s string) (n int) {
	for _, r := range s {
		if Hidden(r) {
			n++
		}
	}
	return n
}

// Text returns s with each hidden character in the form \u200b, or \U000e0041 where
// four digits do not hold it. What is written like that in s already stays, and cannot
// be told from it.
func Text(s string) string {
	i := strings.IndexFunc(s, Hidden)
	if i < 0 {
		return s
	}
	var shown strings.Builder
	shown.WriteString(s[:i])
	for at, r := range s[i:] {
		switch {
		case !Hidden(r):
			_, size := utf8.DecodeRuneInString(s[i+at:])
			shown.WriteString(s[i+at : i+at+size]) // as it came, if it is not UTF-8
		case r > 0xffff:
			fmt.Fprintf(&shown, `\U%08x`, r)
		default:
			fmt.Fprintf(&shown, `\u%04x`, r)
		}
	}
	return shown.String()
}

// JSON does the same inside the strings and names of text, which is JSON: what it
// decodes to is what [Text] makes of the strings that text decodes to, however their
// characters are written. Text in which nothing is hidden is returned as it is.
func JSON(text []byte) []byte {
	if plain(text) {
		return text // as nearly all is
	}
	var shown []byte
	done := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '"' {
			continue
		}
		end := closing(text, i)
		if !plain(text[i:end]) {
			var s string
			if json.Unmarshal(text[i:end], &s) == nil {
				if t := Text(s); t != s {
					quoted, err := json.Marshal(t)
					if err != nil {
						panic("encoding a string: " + err.Error()) // cannot be
					}
					shown = append(append(shown, text[done:i]...), quoted...)
					done = end
				}
			}
		}
		i = end - 1
	}
	if done == 0 {
		return text
	}
	return append(shown, text[done:]...)
}

// closing returns where the string that begins at start ends.
func closing(text []byte, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(text)
}

// plain reports whether JSON is ASCII that hides nothing, by how it is written.
func plain(text []byte) bool {
	const eightTimesTheHighBit = 0x8080808080808080
	rest := text
	for ; len(rest) >= 8; rest = rest[8:] {
		if binary.LittleEndian.Uint64(rest)&eightTimesTheHighBit != 0 {
			return false
		}
	}
	for _, c := range rest {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	if bytes.IndexByte(text, 0x7f) >= 0 {
		return false
	}
	for {
		i := bytes.IndexByte(text, '\\')
		if i < 0 || i+1 >= len(text) {
			return true
		}
		// \b and \f are controls, and \u may be anything.
		if c := text[i+1]; c == 'u' || c == 'b' || c == 'f' {
			return false
		}
		text = text[i+2:]
	}
}
