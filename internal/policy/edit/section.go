// SPDX-License-Identifier: MIT

package edit

import (
	"strings"

	"github.com/tailscale/hujson"
)

// section finds a section of the file, whose name may be written in any case.
func (d *document) section(name string) (item, bool) {
	for _, it := range d.root.items {
		if fold(it.name) == fold(name) {
			return it, true
		}
	}
	return item{}, false
}

// sectionList is a section that is an object or an array; where it is missing and
// create is set, it is made empty at the end of the file.
func (d *document) sectionList(name string, object, create bool) (list, error) {
	empty := "[]"
	if object {
		empty = "{}"
	}
	it, ok := d.section(name)
	if !ok {
		if !create {
			return list{}, d.problem(d.root.begin, "read the file with get_policy", "the file has no section %s, only %s", quote(name), several(d.root.names()))
		}
		if err := d.add(d.root, len(d.root.items), name, nil, empty, d.style.lines); err != nil {
			return list{}, err
		}
		it, _ = d.section(name)
	}
	if string(d.text[it.value.StartOffset]) != empty[:1] {
		return list{}, d.problem(it.begin, "mend the section with replace_text", "the section %s is not of the form %s: it is %s", quote(it.name), empty, quote(d.text[it.value.StartOffset:it.end]))
	}
	return d.list(it.value), nil
}

// names are those of the members of an object.
func (l list) names() []string {
	names := make([]string, len(l.items))
	for i, it := range l.items {
		names[i] = it.name
	}
	return names
}

// member finds a member of an object by its name as it is written.
func (l list) member(name string) (int, bool) {
	for i, it := range l.items {
		if it.name == name {
			return i, true
		}
	}
	return 0, false
}

// add puts a new item before item i of a list, or at its end: a value, or where there
// is none, a text as it is. name is of members of objects only.
func (d *document) add(l list, i int, name string, v *hujson.Value, text string, own bool) error {
	s := d.slot(l, i, own)
	if v != nil {
		text = render(v, d.like(l, i, s))
	}
	if l.object {
		text = string(hujson.String(name)) + ":" + d.align(l, name, s) + text
	}
	return d.insert(s, text)
}

// align is the space between the colon behind a name and its value: as wide as in the
// other members, where these have their values below each other.
func (d *document) align(l list, name string, s slot) string {
	column, wide := -1, false
	for i, it := range l.items {
		start := it.value.StartOffset
		before := d.text[it.begin:start]
		if c := start - it.begin; column >= 0 && c != column || !d.first(l, i) || strings.ContainsAny(before, "\t\r\n") {
			return " "
		}
		column = start - it.begin
		wide = wide || strings.HasSuffix(before, "  ")
	}
	if have := len(hujson.String(name)) + 1; wide && s.own && have < column {
		return strings.Repeat(" ", column-have)
	}
	return " "
}

// nearest is the name that is most like another, for an error; empty where none is.
func nearest(names []string, name string) string {
	for _, n := range names {
		if strings.EqualFold(n, name) || strings.EqualFold(bare(n), bare(name)) {
			return n
		}
	}
	for _, n := range names {
		if a, b := strings.ToLower(bare(n)), strings.ToLower(bare(name)); len(a) > 1 && len(b) > 1 && (strings.Contains(a, b) || strings.Contains(b, a)) {
			return n
		}
	}
	return ""
}

// bare is a name without its kind: "ops" of "group:ops".
func bare(name string) string {
	if _, rest, ok := strings.Cut(name, ":"); ok {
		return rest
	}
	return name
}
