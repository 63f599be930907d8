// SPDX-License-Identifier: MIT

package tsapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// Object is one JSON object as the API sent it, with every field, known to this
// program or not. It is kept as text and looked into on demand: a listing of
// 5,000 devices with all fields is 10 MB of which a projection uses a tenth.
//
// An Object shares the memory of the answer it came in, which stays as long as
// any Object of it does. The zero value is an object without fields.
type Object struct {
	text string // one valid JSON object, trimmed; or empty
}

// parseObject checks that body is one JSON object and nothing more.
func parseObject(body []byte) (Object, error) {
	text, err := validJSON(body)
	if err != nil {
		return Object{}, err
	}
	if text[0] != '{' {
		return Object{}, errors.New("a JSON object was expected")
	}
	return Object{text}, nil
}

// validJSON checks that body is one JSON value and nothing more, and returns its
// text. What follows in this file relies on it.
func validJSON(body []byte) (string, error) {
	switch {
	case len(body) == 0:
		return "", errors.New("it is empty")
	case !json.Valid(body):
		return "", errors.New("it is not one complete JSON value")
	}
	text := string(body)
	if err := checkElements(text); err != nil {
		return "", err
	}
	if !utf8.Valid(body) {
		text = strings.Map(func(r rune) rune { return r }, text) // replaces each stray byte, as encoding/json does
	}
	return strings.Trim(text, " \t\r\n"), nil
}

// Raw returns a copy of the object's text.
func (o Object) Raw() json.RawMessage {
	if o.text == "" {
		return json.RawMessage("{}")
	}
	return json.RawMessage(o.text)
}

// MarshalJSON returns the object's text.
func (o Object) MarshalJSON() ([]byte, error) { return o.Raw(), nil }

// Field returns the value of one field, and whether it is there. Names are
// compared exactly.
func (o Object) Field(name string) (json.RawMessage, bool) {
	value, ok := o.field(name)
	if !ok {
		return nil, false
	}
	return json.RawMessage(value), true
}

// Fields yields the fields in the order of the text.
func (o Object) Fields() iter.Seq2[string, json.RawMessage] {
	return func(yield func(string, json.RawMessage) bool) {
		for name, value := range members(o.text) {
			if !yield(name, json.RawMessage(value)) {
				return
			}
		}
	}
}

// field returns the text of a field. Of a name that occurs twice the last counts,
// as with encoding/json.
func (o Object) field(name string) (string, bool) {
	found, ok := "", false
	for n, value := range members(o.text) {
		if n == name {
			found, ok = value, true
		}
	}
	return found, ok
}

// The scanner below walks through text that json.Valid has accepted, so it looks
// for ends, not for errors. It allocates nothing.

// members yields the names and the value texts of an object's text.
func members(text string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := afterSpace(text, 1); i < len(text) && text[i] == '"'; {
			end := valueEnd(text, i)
			name, err := unquote(text[i:end])
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

// elements yields the value texts of an array's text.
func elements(text string) iter.Seq[string] {
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

// unquote returns the value of a JSON string's text; without escapes it is part
// of that text.
func unquote(text string) (string, error) {
	if len(text) < 2 || text[0] != '"' {
		return "", fmt.Errorf("it is %s, not a string", typeName(text))
	}
	if strings.IndexByte(text, '\\') < 0 {
		return text[1 : len(text)-1], nil
	}
	var s string
	err := json.Unmarshal([]byte(text), &s)
	return s, err
}

// typeName names the type of a JSON value by its first byte.
func typeName(text string) string {
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
