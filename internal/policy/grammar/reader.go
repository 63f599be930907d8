// SPDX-License-Identifier: MIT

package grammar

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"github.com/tailscale/hujson"
)

// reader makes a model of HuJSON values. After its first error it goes on, and what it
// returns then is not used.
type reader struct {
	text   string
	lines  []uint32 // where each line begins
	err    *Error
	faults []*Error
}

func newReader(text string) *reader {
	if len(text) > maxText {
		return &reader{text: text, lines: []uint32{0}} // it is refused in its first line
	}
	r := &reader{text: text, lines: make([]uint32, 1, strings.Count(text, "\n")+1)}
	for i := range len(text) {
		if text[i] == '\n' {
			r.lines = append(r.lines, uint32(i+1))
		}
	}
	return r
}

// at is the place of the bytes text[begin:end].
func (r *reader) at(begin, end int) Place {
	line := sort.Search(len(r.lines), func(i int) bool { return int(r.lines[i]) > begin })
	return Place{Line: line, Column: begin - int(r.lines[line-1]) + 1, Begin: begin, End: end}
}

func (r *reader) place(v hujson.Value) Place { return r.at(v.StartOffset, v.EndOffset) }

// fail keeps the first mistake that makes a file unreadable.
func (r *reader) fail(where Place, message, next string) {
	if r.err == nil {
		r.err = &Error{Place: where, Message: message, Next: next}
	}
}

// form fails for a value of another form than a field has.
func (r *reader) form(v hujson.Value, field, want string) {
	r.fail(r.place(v), fmt.Sprintf("the policy is not of the expected form: %s is %s, not %s", field, kindOf(v), want), "write "+field+" as "+want)
}

func kindOf(v hujson.Value) string {
	switch v.Value.Kind() {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a text"
	case '0':
		return "a number"
	case 'n':
		return "null"
	default:
		return "true or false"
	}
}

func isNull(v hujson.Value) bool { return v.Value.Kind() == 'n' }

// fields reads an object with fixed names by set, which is told each name in lower case
// and reports whether there is such a field. Names are compared in any case, as the
// service does. null is an object without fields.
func (r *reader) fields(v hujson.Value, what string, set func(name string, value hujson.Value) bool) {
	if isNull(v) {
		return
	}
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		r.form(v, what, "an object")
		return
	}
	r.once(object, true)
	for _, m := range object.Members {
		name := nameOf(m)
		if !set(fold(name), m.Value) {
			r.faults = append(r.faults, unknownField(r.place(m.Name), name, what))
		}
	}
}

// members calls each for the members of an object whose names are the file's own.
func (r *reader) members(v hujson.Value, what string, each func(name Name, value hujson.Value)) {
	if isNull(v) {
		return
	}
	object, ok := v.Value.(*hujson.Object)
	if !ok {
		r.form(v, what, "an object")
		return
	}
	r.once(object, false)
	for _, m := range object.Members {
		each(Name{nameOf(m), r.place(m.Name)}, m.Value)
	}
}

// once fails for a name that an object has twice: two readers may not agree on which of
// the two counts.
func (r *reader) once(object *hujson.Object, fixed bool) {
	seen := make(map[string]bool, len(object.Members))
	for _, m := range object.Members {
		name := nameOf(m)
		if fixed {
			name = fold(name)
		}
		if seen[name] {
			literal, _ := m.Name.Value.(hujson.Literal)
			r.fail(r.place(m.Name), fmt.Sprintf("the policy has %.80s twice in one object", string(literal)), "give each name once")
		}
		seen[name] = true
	}
}

func nameOf(m hujson.ObjectMember) string {
	literal, _ := m.Name.Value.(hujson.Literal)
	return literal.String()
}

// fold makes names alike that encoding/json takes for one: "ſ" is an "s".
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// list calls each for the elements of a list, and reports whether there is one: null is
// none.
func (r *reader) list(v hujson.Value, field string, each func(hujson.Value)) bool {
	if isNull(v) {
		return false
	}
	array, ok := v.Value.(*hujson.Array)
	if !ok {
		r.form(v, field, "a list")
		return false
	}
	for _, element := range array.Elements {
		each(element)
	}
	return true
}

// name reads a text; null is an empty one, as for the service.
func (r *reader) name(v hujson.Value, field string) Name {
	n := Name{Place: r.place(v)}
	switch literal, _ := v.Value.(hujson.Literal); v.Value.Kind() {
	case '"':
		n.Text = literal.String()
	case 'n':
	default:
		r.form(v, field, "a text")
	}
	return n
}

// names reads a list of texts: nil where it is null, not nil where it is empty.
func (r *reader) names(v hujson.Value, field string) []Name {
	array, _ := v.Value.(*hujson.Array)
	var all []Name
	if array != nil {
		all = make([]Name, 0, len(array.Elements))
	}
	r.list(v, field, func(element hujson.Value) { all = append(all, r.name(element, "each of "+field)) })
	return all
}

// definitions reads an object of lists of texts.
func (r *reader) definitions(v hujson.Value, section string) []Definition {
	if isNull(v) {
		return nil
	}
	all := []Definition{}
	r.members(v, section, func(name Name, value hujson.Value) {
		all = append(all, Definition{name, r.names(value, section+"["+quote(name.Text)+"]")})
	})
	return all
}

// capabilities reads an object of lists of any values.
func (r *reader) capabilities(v hujson.Value, field string) []Capability {
	var all []Capability
	r.members(v, field, func(name Name, value hujson.Value) {
		c := Capability{Name: name}
		r.list(value, field+"["+quote(name.Text)+"]", func(element hujson.Value) {
			c.Values = append(c.Values, r.raw(element))
		})
		all = append(all, c)
	})
	return all
}

// attributes reads an object of any values.
func (r *reader) attributes(v hujson.Value, field string) map[string]json.RawMessage {
	if isNull(v) {
		return nil
	}
	all := map[string]json.RawMessage{}
	r.members(v, field, func(name Name, value hujson.Value) { all[name.Text] = r.raw(value) })
	return all
}

// raw is any value as plain JSON; no object in it may have a name twice, in any case:
// whoever reads the value may compare names as Go does.
func (r *reader) raw(v hujson.Value) json.RawMessage {
	for value := range v.All() {
		if object, ok := value.Value.(*hujson.Object); ok {
			r.once(object, true)
		}
	}
	plain := v.Clone()
	plain.Minimize()
	return plain.Pack()
}

// quote shows a name in a message as the API does, shortened where it is endless.
func quote(name string) string {
	if len(name) > 300 {
		name = strings.ToValidUTF8(name[:300], "") + "…"
	}
	return `"` + name + `"`
}
