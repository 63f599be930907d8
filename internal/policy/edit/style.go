// SPDX-License-Identifier: MIT

package edit

import (
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/nesting"
)

// style is how a file is laid out, as far as it shows.
type style struct {
	eol, unit string // the end of a line, and one step of indentation
	trailing  bool   // a comma follows the last item of a list that has lines of its own
	lines     bool   // the sections have lines of their own
}

// observe finds out how a file is laid out.
func (d *document) observe() style {
	s := style{eol: "\n", unit: "\t"}
	if i := strings.IndexByte(d.text, '\n'); i > 0 && d.text[i-1] == '\r' {
		s.eol = "\r\n"
	}
	s.lines = len(d.root.items) == 0
	for i, it := range d.root.items {
		if d.first(d.root, i) {
			s.lines = true
			if in := d.indent(it.begin); in != "" {
				s.unit = in
				break
			}
		}
	}
	// Without any sign it is left out, so that plain JSON stays plain.
	s.trailing = d.trails(d.root)
	for _, it := range d.root.items {
		s.trailing = s.trailing || d.trails(d.list(it.value))
	}
	return s
}

// trails reports whether the last item of a list has a comma behind it.
func (d *document) trails(l list) bool {
	return len(l.items) > 0 && l.items[len(l.items)-1].comma >= 0
}

// look is how a value is to be written.
type look struct {
	style
	indent string // of the line that it begins
	wide   bool   // each member of an object has a line of its own
	padded bool   // { "a": 1 } and not {"a": 1}
}

// widest is the longest value, in bytes, that is written on one line where a wide object
// has it in it.
const widest = 100

// render writes a value in a look. Names and texts are written anew, since JSON may
// have escaped what nothing requires.
func render(v *hujson.Value, l look) string {
	switch v := v.Value.(type) {
	case *hujson.Object:
		parts := make([]string, len(v.Members))
		for i := range v.Members {
			m := &v.Members[i]
			parts[i] = string(hujson.String(nameOf(m))) + ": " + l.inner(&m.Value)
		}
		return l.join("{", "}", parts, l.padded)
	case *hujson.Array:
		parts := make([]string, len(v.Elements))
		for i := range v.Elements {
			parts[i] = l.inner(&v.Elements[i])
		}
		return l.join("[", "]", parts, false)
	case hujson.Literal:
		if v.Kind() == '"' {
			return string(hujson.String(v.String()))
		}
		return string(v)
	}
	return "null"
}

// inner writes what is in an object or array: on one line where it is not too long.
func (l look) inner(v *hujson.Value) string {
	narrow := l
	narrow.wide = false
	text := render(v, narrow)
	if !l.wide || len(text) <= widest {
		return text
	}
	l.indent += l.unit
	return render(v, l)
}

func (l look) join(begin, end string, parts []string, padded bool) string {
	switch {
	case len(parts) == 0:
		return begin + end
	case l.wide:
		line := l.eol + l.indent + l.unit
		tail := ""
		if l.trailing {
			tail = ","
		}
		return begin + line + strings.Join(parts, ","+line) + tail + l.eol + l.indent + end
	case padded:
		return begin + " " + strings.Join(parts, ", ") + " " + end
	}
	return begin + strings.Join(parts, ", ") + end
}

// like is the look of a new item in a slot: that of a neighbour.
func (d *document) like(l list, i int, s slot) look {
	k := look{style: d.style, indent: s.indent}
	if len(l.items) == 0 {
		return k
	}
	text := d.text[l.items[max(0, i-1)].value.StartOffset:l.items[max(0, i-1)].end]
	k.wide = s.own && strings.Contains(text, "\n")
	k.padded = strings.HasPrefix(text, "{ ")
	return k
}

// value reads a value of an operation.
func value(text string) (*hujson.Value, error) {
	if nesting.TooDeep(text) {
		return nil, &Error{Message: "the value has too many lists and objects within each other", Next: "give a value as a policy file has it"}
	}
	v, err := hujson.Parse([]byte(text))
	if err != nil {
		return nil, &Error{Message: "a value is not readable: " + err.Error(), Next: "give JSON or HuJSON"}
	}
	if _, name := twice(&v, false); name != "" {
		return nil, &Error{Message: "a value has " + clip(name) + " twice in one object", Next: "give each name once"}
	}
	return &v, nil
}
