// SPDX-License-Identifier: MIT

package asking

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"tailscale-mcp/internal/visible"
)

// A form is a schema (2025-11-25, "Elicitation", requestedSchema). What its person reads of it
// is treated as the message is. Names of fields and values to choose go back to the server and
// stay as they are; a person may be shown them too, so none is taken that could pass for
// another. All else stays to the byte, the order of the fields too.

// deepestForm is how many schemas may stand in one another.
const deepestForm = 16

var (
	errDeepForm   = errors.New("the schema of its form nests too deeply")
	errHiddenForm = errors.New("a field of its form has a name, or a value to choose, with characters that show as nothing or move others; give it a title, and a name without them")
)

// form is a schema on its way to a person.
type form struct {
	text  []byte
	edits []edit
	err   error
}

// edit is what takes the place of a part of it.
type edit struct {
	from, to int
	text     []byte
}

// readable is a schema as a person is shown it. The error says why nobody is.
func readable(schema json.RawMessage) (json.RawMessage, error) {
	if !bytes.ContainsFunc(schema, func(r rune) bool { return r == '\\' || r >= 0x7f }) {
		return schema, nil // as nearly all are
	}
	f := form{text: schema}
	f.schema(0, len(schema), 0)
	if f.err != nil || len(f.edits) == 0 {
		return schema, f.err
	}
	var out []byte
	done := 0
	for _, e := range f.edits {
		out, done = append(append(out, f.text[done:e.from]...), e.text...), e.to
	}
	return append(out, f.text[done:]...), nil
}

// schema takes what stands from one place to another as a schema, or several in an array.
func (f *form) schema(from, to, level int) {
	if level > deepestForm {
		f.err = errDeepForm
		return
	}
	f.each(from, to, func(name string, from, to int) {
		switch strings.ToLower(name) {
		case "": // of an array
			f.schema(from, to, level+1)
		case "title", "description":
			f.words(from, to, level)
		case "enumnames":
			f.each(from, to, func(_ string, from, to int) { f.words(from, to, level) })
		case "properties", "patternproperties", "dependentschemas", "$defs", "definitions":
			f.each(from, to, func(name string, from, to int) {
				f.refuse(name)
				f.schema(from, to, level+1)
			})
		case "const", "default", "enum", "examples":
			f.value(from, to, level)
		default:
			f.schema(from, to, level+1) // items, oneOf, anyOf and what else has schemas
		}
	})
}

// words are read by the person.
func (f *form) words(from, to, level int) {
	var said string
	if json.Unmarshal(f.text[from:to], &said) != nil {
		f.schema(from, to, level+1) // no words: a client may look into it
		return
	}
	if read := shown(said); read != said {
		f.edits = append(f.edits, edit{from, to, text(read)})
	}
}

// value goes back to the server, as it is.
func (f *form) value(from, to, level int) {
	var said string
	if level > deepestForm {
		f.err = errDeepForm
	} else if json.Unmarshal(f.text[from:to], &said) == nil {
		f.refuse(said)
	} else {
		f.each(from, to, func(name string, from, to int) {
			f.refuse(name)
			f.value(from, to, level+1)
		})
	}
}

// refuse has the form be refused for a name or value that may pass for another. What joins or
// varies characters belongs to some writings, and to emoji.
func (f *form) refuse(s string) {
	const nonJoiner, joiner = '\u200c', '\u200d'
	if strings.ContainsFunc(s, func(r rune) bool {
		return r == '\r' || visible.Hidden(r) && r != nonJoiner && r != joiner && !unicode.Is(unicode.Variation_Selector, r)
	}) {
		f.err = errHiddenForm
	}
}

// each calls what for each member of an object, or element of an array, with where it stands,
// until there is an error. Of anything else there is none.
func (f *form) each(from, to int, what func(name string, from, to int)) {
	d := json.NewDecoder(bytes.NewReader(f.text[from:to]))
	begin, err := d.Token()
	if err != nil || begin != json.Delim('{') && begin != json.Delim('[') {
		return
	}
	for d.More() && f.err == nil {
		name := ""
		if begin == json.Delim('{') {
			token, err := d.Token()
			if err != nil {
				return // of what was JSON: cannot be
			}
			if name, _ = token.(string); name == "" {
				name = " " // which no element of an array has
			}
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			return
		}
		end := from + int(d.InputOffset())
		what(name, end-len(value), end)
	}
}
