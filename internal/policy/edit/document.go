// SPDX-License-Identifier: MIT

package edit

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/nesting"
)

// document is a policy file that is being edited.
type document struct {
	text  string
	whole hujson.Value
	root  list // of the sections
	style style
	notes []string
	work  int // bytes that were parsed
	// touched are the ranges of the last change, for tests.
	touched []splice
}

// splice replaces the bytes text[begin:end].
type splice struct {
	begin, end int
	with       string
}

// read reads a text as a policy file.
func read(text string) (*document, error) {
	d := &document{text: text}
	if err := d.parse(); err != nil {
		return nil, err
	}
	d.style = d.observe()
	return d, nil
}

func (d *document) parse() error {
	if len(d.text) > MostBytes {
		return fmt.Errorf("the text has %d bytes, and at most %d are taken", len(d.text), MostBytes)
	}
	if !utf8.ValidString(d.text) {
		return errors.New("the text is not UTF-8")
	}
	if nesting.TooDeep(d.text) {
		return fmt.Errorf("more than %d lists and objects are within each other", nesting.Most)
	}
	v, err := hujson.Parse([]byte(d.text))
	if err != nil {
		return err
	}
	if v.Value.Kind() != '{' {
		return errors.New("the policy is no object")
	}
	if offset, name := twice(&v, true); name != "" {
		return fmt.Errorf("%s is twice in one object, the second time at %s", clip(name), d.where(offset))
	}
	d.whole = v
	d.root = d.list(&d.whole)
	return nil
}

// apply makes a change, and leaves all as it is where the text would be no policy file
// any more. The splices do not overlap.
func (d *document) apply(splices ...splice) error {
	slices.SortFunc(splices, func(a, b splice) int { return a.begin - b.begin })
	var b strings.Builder
	done := 0
	for _, s := range splices {
		b.WriteString(d.text[done:s.begin])
		b.WriteString(s.with)
		done = s.end
	}
	b.WriteString(d.text[done:])
	next := &document{text: b.String()}
	if d.work += len(next.text); d.work > mostWork {
		return &Error{Message: "the operations are too much work for one call on a file of this size", Next: "make the change in several calls"}
	}
	if err := next.parse(); err != nil {
		return d.problem(splices[0].begin, "give what is well-formed HuJSON in that place", "the file would not be readable any more: %v", err)
	}
	d.text, d.whole, d.root, d.touched = next.text, next.whole, next.root, append(d.touched, splices...)
	return nil
}

// twice finds a name, as JSON, that occurs twice in one object: two readers may not agree on which
// counts. The service takes the names of sections and of the fields of rules in any case.
func twice(v *hujson.Value, fixed bool) (offset int, name string) {
	switch v := v.Value.(type) {
	case *hujson.Object:
		seen := map[string]bool{}
		for i := range v.Members {
			m := &v.Members[i]
			name := nameOf(m)
			key := name
			if fixed {
				key = fold(name)
			}
			if seen[key] {
				return m.Name.StartOffset, string(hujson.String(name))
			}
			seen[key] = true
			if offset, found := twice(&m.Value, false); found != "" {
				return offset, found
			}
		}
	case *hujson.Array:
		for i := range v.Elements {
			if offset, found := twice(&v.Elements[i], true); found != "" {
				return offset, found
			}
		}
	}
	return 0, ""
}

// fold is a name as encoding/json compares it: "ſ" is an "s".
func fold(name string) string { return strings.ToLower(strings.ToUpper(name)) }

func nameOf(m *hujson.ObjectMember) string {
	literal, _ := m.Name.Value.(hujson.Literal)
	return literal.String()
}
