// SPDX-License-Identifier: MIT

package tool

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/jsonschema-go/jsonschema"
)

// decode reads a call's arguments into in. It is strict about what it does not
// know (an unknown argument is refused and the known ones are named, because a
// filter that is silently ignored answers another question) and forgiving about
// the slips models make: "42" for 42, 42 for "42", "true" for true, one string
// for a list of one, a list or an object written as a string, null for absent.
// The same holds for every object inside.
func decode(schema *jsonschema.Schema, arguments json.RawMessage, in any) error {
	given, err := members(arguments)
	if err != nil {
		return Invalidf("send the arguments as one JSON object", "the arguments are not readable: %v", err)
	}
	name, changed, err := fit(schema, given)
	switch {
	case errors.Is(err, errNotKnown):
		return Invalidf(known(schema), "there is no argument %s", quote(name))
	case errors.Is(err, errMissing):
		return Invalidf(describe(name, schema.Properties[name]), "the argument %s is required", quote(name))
	case err != nil:
		return Invalidf(describe(name, schema.Properties[name]), "argument %s: %v", quote(name), err)
	}
	text := arguments
	if changed || len(given) == 0 { // which may be no text at all
		if text, err = json.Marshal(given); err != nil {
			return fmt.Errorf("putting arguments together: %w", err)
		}
	}
	if err := json.Unmarshal(text, in); err != nil {
		return Invalidf(known(schema), "the arguments do not fit: %s", quote(err.Error()))
	}
	return nil
}

// current returns the arguments with the names that they have now. One that is given by
// both its names stays, and is refused.
func (d Definition) current(arguments json.RawMessage) json.RawMessage {
	if len(d.Former) == 0 {
		return arguments
	}
	given, err := members(arguments)
	if err != nil {
		return arguments // which decode refuses
	}
	changed := false
	for former, now := range d.Former {
		value, is := given[former]
		if _, both := given[now]; is && !both {
			given[now], changed = value, true
			delete(given, former)
		}
	}
	if !changed {
		return arguments
	}
	text, err := json.Marshal(given)
	if err != nil {
		return arguments
	}
	return text
}

var (
	errNotKnown = errors.New("is not known")
	errMissing  = errors.New("is required")
)

// fit puts the members of an object into the form that schema wants, and reports
// whether that is another than they had. With an error it returns the name of the
// member that is wrong.
func fit(schema *jsonschema.Schema, given map[string]json.RawMessage) (name string, changed bool, err error) {
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		property, value := schema.Properties[name], given[name]
		if property == nil {
			if property = schema.AdditionalProperties; property == nil || property.Not != nil {
				return name, changed, errNotKnown
			}
		}
		if string(value) == "null" {
			delete(given, name)
			changed = true
			continue
		}
		if given[name], err = coerce(property, value); err != nil {
			return name, changed, err
		}
		changed = changed || !bytes.Equal(value, given[name])
	}
	for _, name := range schema.Required {
		if _, ok := given[name]; !ok {
			return name, changed, errMissing
		}
	}
	return "", changed, nil
}

// decoders are kept, since one is larger than most arguments.
var decoders = sync.Pool{New: func() any { return new(jsontext.Decoder) }}

// members splits an object into its members. It refuses a name that occurs
// twice, because two readers may not agree on which of the two counts.
func members(text json.RawMessage) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	if trimmed := bytes.TrimSpace(text); len(trimmed) == 0 || string(trimmed) == "null" {
		return out, nil
	}
	d, _ := decoders.Get().(*jsontext.Decoder)
	defer decoders.Put(d)
	d.Reset(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	switch open, err := d.ReadToken(); {
	case err != nil:
		return nil, errNotJSON
	case open.Kind() != '{':
		return nil, errors.New("not an object")
	}
	for d.PeekKind() != '}' {
		quoted, err := d.ReadValue()
		if err != nil {
			return nil, errNotJSON
		}
		unquoted, _ := jsontext.AppendUnquote(nil, quoted) // what is not UTF-8 is replaced
		name := string(unquoted)
		value, err := d.ReadValue()
		if err != nil {
			return nil, errNotJSON
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("%s occurs twice", quote(name))
		}
		end := int(d.InputOffset()) // value itself is good until the next is read
		out[name] = text[end-len(value) : end : end]
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, errNotJSON
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("text after the object")
	}
	return out, nil
}

// errNotJSON stands for encoding/json's errors, which repeat what was sent.
var errNotJSON = errors.New("not JSON, or nested too deeply")

// known names what a tool accepts.
func known(schema *jsonschema.Schema) string {
	names := slices.Sorted(maps.Keys(schema.Properties))
	if len(names) == 0 {
		return "call it without arguments"
	}
	return "the arguments are: " + strings.Join(names, ", ")
}

// describe says what one argument accepts.
func describe(name string, property *jsonschema.Schema) string {
	text := name + " is " + property.Description
	each := property
	if property.Type == "array" {
		each = property.Items
	}
	switch {
	case len(each.Enum) > 0:
		values := make([]string, len(each.Enum))
		for i, value := range each.Enum {
			values[i] = fmt.Sprint(value)
		}
		text += "; one of " + strings.Join(values, ", ")
	case each.Minimum != nil && each.Maximum != nil:
		text += "; a number from " + plainNumber(*each.Minimum) + " to " + plainNumber(*each.Maximum)
	case each.Minimum != nil:
		text += "; a number not below " + plainNumber(*each.Minimum)
	case each.Maximum != nil:
		text += "; a number not above " + plainNumber(*each.Maximum)
	}
	return text
}

// quote makes a client's text safe and short enough for a message.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		s = s[:most] + "..."
	}
	return strconv.QuoteToASCII(s)
}
