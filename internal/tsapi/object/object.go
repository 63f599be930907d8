// SPDX-License-Identifier: MIT

// Package object reads the JSON that the Tailscale API answers with: it checks a text
// once and looks into it on demand.
//
// What there is in a text is bounded before anything is made of it ([MaxElements]).
// Whoever needs more of an [Object] than its fields as they are walks through their
// texts with [Object.Members] and [Elements]. Errors say what was expected, and quote
// nothing of the text.
//
// It imports the standard library and jsontext only.
package object

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
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

// Parse checks that body is one JSON object and nothing more.
func Parse(body []byte) (Object, error) {
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
	case !valid(body):
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

// valid is json.Valid, which takes four times as long.
func valid(body []byte) bool {
	return jsontext.Value(body).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
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
	value, ok := o.Member(name)
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

// Of returns the object of a text that [Elements] or [Object.Members] yielded, and that
// begins with a brace.
func Of(text string) Object { return Object{text} }

// Members yields the names and the texts of the fields, in the order of the text.
func (o Object) Members() iter.Seq2[string, string] { return members(o.text) }

// Member returns the text of a field, and whether it is there. Of a name that occurs
// twice the last counts, as with encoding/json.
func (o Object) Member(name string) (string, bool) {
	found, ok := "", false
	for n, value := range members(o.text) {
		if n == name {
			found, ok = value, true
		}
	}
	return found, ok
}

// Text returns the value of a field that is a string, and the empty string when
// it is absent or something else.
func (o Object) Text(name string) string {
	value, ok := o.Member(name)
	if !ok {
		return ""
	}
	text, err := Unquote(value)
	if err != nil {
		return ""
	}
	return text
}

// ParseList reads {field: [{...}, ...]}, or [{...}, ...] when field is empty.
func ParseList(body []byte, field string) ([]Object, error) {
	list, err := validJSON(body)
	if err != nil {
		return nil, err
	}
	name := "the answer"
	if field != "" {
		if list[0] != '{' {
			return nil, errors.New("a JSON object was expected")
		}
		var ok bool
		if list, ok = (Object{list}).Member(field); !ok {
			return nil, errors.New("the field " + field + " is missing")
		}
		name = "the field " + field
	}
	switch {
	case list == "null":
		return nil, nil
	case list[0] != '[':
		return nil, fmt.Errorf("%s is %s, not an array", name, TypeName(list))
	}
	var objects []Object
	for element := range Elements(list) {
		if element[0] != '{' {
			return nil, fmt.Errorf("an element of the list is %s, not an object", TypeName(element))
		}
		objects = append(objects, Object{element})
	}
	return objects, nil
}
