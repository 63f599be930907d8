// SPDX-License-Identifier: MIT

package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tailscale/hujson"
)

// jsonText is a JSON text with the way it is laid out.
type jsonText struct {
	text   []byte
	root   hujson.Value
	lines  bool   // it has lines, or is empty and gets some
	unit   string // one step of indentation
	spaces bool   // there is a space after a colon
}

func parseJSON(text []byte) (*jsonText, error) {
	root, err := hujson.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("it is not JSON%s", place(err))
	}
	top, ok := root.Value.(*hujson.Object)
	if !ok {
		return nil, fmt.Errorf("it is not an object")
	}
	d := &jsonText{text: text, root: root, unit: "  ", spaces: true}
	d.lines = len(top.Members) == 0 || bytes.ContainsRune(bytes.TrimSpace(text), '\n')
	if len(top.Members) > 0 {
		first := top.Members[0]
		d.spaces = len(first.Value.BeforeExtra) > 0
		if step := d.lead(first.Name); step != "" {
			d.unit = step
		}
	}
	return d, nil
}

// lead is the indentation of a value that is the first on its line.
func (d *jsonText) lead(v hujson.Value) string {
	step := indent(d.text, v.StartOffset)
	start := v.StartOffset - len(step)
	if start > 0 && d.text[start-1] != '\n' {
		return ""
	}
	return step
}

// walk goes down the path as far as there is something: it returns the last
// value that is there and the names that are not. All values on the way but
// the last name's are objects.
func (d *jsonText) walk(path []string) (at hujson.Value, rest []string, err error) {
	at = d.root
	for i, name := range path {
		object, ok := at.Value.(*hujson.Object)
		if !ok {
			return at, nil, fmt.Errorf("%s is not an object", strings.Join(path[:i], "."))
		}
		found := -1
		for j, m := range object.Members {
			if m.Name.Value.(hujson.Literal).String() != name {
				continue
			}
			if found >= 0 {
				return at, nil, fmt.Errorf("%s stands there twice", strings.Join(path[:i+1], "."))
			}
			found = j
		}
		if found < 0 {
			return at, path[i:], nil
		}
		at = object.Members[found].Value
	}
	return at, nil, nil
}

// add puts a member at the end of an object.
func (d *jsonText) add(at hujson.Value, name string, value any) []splice {
	object, open, end := at.Value.(*hujson.Object), at.StartOffset, at.EndOffset-1
	outer := indent(d.text, open)
	lines := d.lines
	sep := newline(d.text) + outer + d.unit
	if len(object.Members) == 0 {
		from := open + 1 + len(bytes.TrimRight(d.text[open+1:end], space))
		if !lines {
			return []splice{{from, end, d.member(name, value, "", false)}}
		}
		return []splice{{from, end, sep + d.member(name, value, outer+d.unit, true) + newline(d.text) + outer}}
	}
	last := object.Members[len(object.Members)-1]
	lines = lines && bytes.ContainsRune(d.text[open:end], '\n')
	inner := outer + d.unit
	if step := d.lead(last.Name); step != "" {
		inner, sep = step, newline(d.text)+step
	}
	if !lines {
		inner, sep = "", d.pad()
	}
	entry := sep + d.member(name, value, inner, lines)
	// Comments behind the last member stay with it.
	comma := last.Value.EndOffset + len(last.Value.AfterExtra)
	if d.text[comma] == ',' {
		from := comma + 1 + len(bytes.TrimRight(d.text[comma+1:end], space))
		return []splice{{from, from, entry + ","}}
	}
	from := last.Value.EndOffset + len(bytes.TrimRight(d.text[last.Value.EndOffset:end], space))
	return []splice{{last.Value.EndOffset, last.Value.EndOffset, ","}, {from, from, entry}}
}

// cut takes a member out of an object.
func (d *jsonText) cut(at hujson.Value, i int) []splice {
	object, end := at.Value.(*hujson.Object), at.EndOffset-1
	m := object.Members[i]
	if len(object.Members) == 1 && !commented(object) {
		return []splice{{at.StartOffset + 1, end, ""}}
	}
	gone := splice{m.Name.StartOffset - len(m.Name.BeforeExtra) + len(bytes.TrimRight(m.Name.BeforeExtra, space)), m.Value.EndOffset, ""}
	if next := d.text[m.Value.EndOffset:]; !bytes.ContainsRune(next[:len(next)-len(bytes.TrimLeft(next, space+","))], '\n') {
		// What follows on the line would end up in a comment before.
		if bytes.ContainsRune(m.Name.BeforeExtra, '\n') && !blank(m.Name.BeforeExtra) {
			gone.start = m.Name.StartOffset
		}
	}
	comma := m.Value.EndOffset + len(m.Value.AfterExtra)
	switch {
	case d.text[comma] == ',':
		return []splice{gone, {comma, comma + 1, ""}}
	case i == 0:
		return []splice{gone}
	}
	before := object.Members[i-1].Value
	comma = before.EndOffset + len(before.AfterExtra)
	return []splice{{comma, comma + 1, ""}, gone}
}

func (d *jsonText) pad() string {
	if d.spaces {
		return " "
	}
	return ""
}

func (d *jsonText) member(name string, value any, inner string, lines bool) string {
	return quote(name) + ":" + d.pad() + d.render(value, inner, lines)
}

// render writes a value; outer is the indentation of the line it starts on.
func (d *jsonText) render(value any, outer string, lines bool) string {
	switch v := value.(type) {
	case []Member:
		parts := make([]string, len(v))
		for i, m := range v {
			parts[i] = d.member(m.Name, m.Value, outer+d.unit, lines)
		}
		if !lines {
			return "{" + strings.Join(parts, ","+d.pad()) + "}"
		}
		nl := newline(d.text)
		return "{" + nl + outer + d.unit + strings.Join(parts, ","+nl+outer+d.unit) + nl + outer + "}"
	case []string:
		parts := make([]string, len(v))
		for i, s := range v {
			parts[i] = quote(s)
		}
		return "[" + strings.Join(parts, ","+d.pad()) + "]"
	case bool:
		return fmt.Sprint(v)
	}
	return quote(value.(string))
}

// quote writes a text as JSON, with & and < as they are.
func quote(s string) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a text can always be encoded
	return strings.TrimSuffix(b.String(), "\n")
}
