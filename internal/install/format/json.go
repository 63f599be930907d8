// SPDX-License-Identifier: MIT

package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"

	"github.com/tailscale/hujson"
)

// jsonFormat edits JSON by the byte offsets of its syntax tree. (Patching the
// tree itself would lay out anew what it touches.)
type jsonFormat struct {
	strict bool // the client reads no comments and no trailing commas
}

func (jsonFormat) Container() string { return "an object" }

func (f jsonFormat) Decode(text []byte) (map[string]any, error) {
	if blank(text) {
		return map[string]any{}, nil
	}
	root, err := hujson.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("it is not JSON%s", place(err))
	}
	if f.strict && !json.Valid(text) {
		return nil, fmt.Errorf("it has a comment or a trailing comma")
	}
	root = root.Clone()
	root.Standardize()
	dec := json.NewDecoder(bytes.NewReader(root.Pack()))
	dec.UseNumber() // no number changes by being read
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, fmt.Errorf("it cannot be decoded%s", place(err))
	}
	top, ok := tree.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it is %s and not an object", Kind(tree))
	}
	return top, nil
}

var position = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`line \d+, column \d+`) })

// place is where the parser gave up, without the text that it shows there.
func place(err error) string {
	if at := position().FindString(err.Error()); at != "" {
		return " at " + at
	}
	return ""
}

func (f jsonFormat) Insert(text []byte, path []string, entry []Member) ([]byte, error) {
	if blank(text) {
		text = []byte("{}\n")
	}
	d, err := parseJSON(text)
	if err != nil {
		return nil, err
	}
	table, rest, err := d.walk(path)
	if err != nil {
		return nil, err
	}
	if len(rest) == 0 {
		return nil, fmt.Errorf("%s is there already", path[len(path)-1])
	}
	var value any = entry
	for i := len(rest) - 1; i > 0; i-- {
		value = []Member{{rest[i], value}}
	}
	return apply(text, d.add(table, rest[0], value)...), nil
}

func (f jsonFormat) Update(text []byte, path []string, entry []Member) ([]byte, error) {
	for _, m := range entry {
		d, err := parseJSON(text)
		if err != nil {
			return nil, err
		}
		_, rest, err := d.walk(append(path[:len(path):len(path)], m.Name))
		if err != nil {
			return nil, err
		}
		at, _, err := d.walk(path)
		if err != nil {
			return nil, err
		}
		if len(rest) > 0 {
			text = apply(text, d.add(at, m.Name, m.Value)...)
			continue
		}
		i, _ := index(at.Value.(*hujson.Object), m.Name)
		old := at.Value.(*hujson.Object).Members[i].Value
		if same(text[old.StartOffset:old.EndOffset], m.Value) {
			continue
		}
		text = apply(text, splice{old.StartOffset, old.EndOffset, d.render(m.Value, indent(text, old.StartOffset), true)})
	}
	return text, nil
}

// same reports whether the value is written there already, in whatever way.
func same(text []byte, value any) bool {
	was, err := hujson.Standardize(bytes.Clone(text))
	if err != nil {
		return false
	}
	var a, b bytes.Buffer
	now, err := json.Marshal(value)
	return err == nil && json.Compact(&a, was) == nil && json.Compact(&b, now) == nil && bytes.Equal(a.Bytes(), b.Bytes())
}

func (f jsonFormat) Remove(text []byte, path []string, parents int) ([]byte, error) {
	d, err := parseJSON(text)
	if err != nil {
		return nil, err
	}
	for ; ; parents-- {
		table, rest, err := d.walk(path[:len(path)-1])
		if err != nil {
			return nil, err
		}
		if len(rest) > 0 {
			return nil, fmt.Errorf("%s is not there", path[len(path)-1])
		}
		object := table.Value.(*hujson.Object)
		i, ok := index(object, path[len(path)-1])
		if !ok {
			return nil, fmt.Errorf("%s is not there", path[len(path)-1])
		}
		if parents > 0 && len(path) > 1 && len(object.Members) == 1 && !commented(object) {
			path = path[:len(path)-1]
			continue
		}
		return apply(text, d.cut(table, i)...), nil
	}
}

// commented reports whether there is a comment in the object beside its only
// member.
func commented(o *hujson.Object) bool {
	m := o.Members[0]
	return !blank(m.Name.BeforeExtra) || !blank(m.Value.AfterExtra) || !blank(o.AfterExtra)
}

// index finds the member of that name.
func index(o *hujson.Object, name string) (int, bool) {
	for i, m := range o.Members {
		if m.Name.Value.(hujson.Literal).String() == name {
			return i, true
		}
	}
	return 0, false
}
