// SPDX-License-Identifier: MIT

package difference

import (
	"fmt"
	"sort"
	"strconv"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/nesting"
)

// part is a section of a file, or something in one.
type part struct {
	section     string // as it is written
	name        string // of a member of a section that is an object
	index       int    // of an element of a section that is a list; -1: none
	first, last int    // its lines, from 1
	text        string
	changed     bool // the other file has none like it
}

func (p part) inner() bool { return p.index >= 0 || p.name != "" }

// label is what a header calls a part.
func (p part) label() string {
	section := p.section
	if strings.ContainsFunc(section, func(r rune) bool { return r <= ' ' || r == '"' || r == ',' || r > '~' }) || len(section) > 60 || section == "" {
		section = clip(section)
	}
	switch {
	case p.index >= 0:
		return section + "[" + strconv.Itoa(p.index) + "]"
	case p.name != "":
		return section + " " + clip(p.name)
	}
	return section
}

// key is what a part is known by in another file: elements of lists have no names.
func (p part) key() string {
	return fmt.Sprintf("%q %q %s", strings.ToLower(p.section), p.name, p.text)
}

// outline has the parts of a file in the order of its text.
type outline struct {
	sections, parts []part
}

// compare marks what two files do not share.
func compare(a, b *outline) {
	inA, inB := a.keys(), b.keys()
	a.mark(inB)
	b.mark(inA)
}

func (o *outline) keys() map[string]bool {
	keys := make(map[string]bool, len(o.sections)+len(o.parts))
	for _, list := range [][]part{o.sections, o.parts} {
		for i := range list {
			keys[list[i].key()] = true
		}
	}
	return keys
}

func (o *outline) mark(others map[string]bool) {
	for _, list := range [][]part{o.sections, o.parts} {
		for i := range list {
			list[i].changed = !others[list[i].key()]
		}
	}
}

// outlined reads the outline of a text; one that is no policy file has none.
func outlined(text string) *outline {
	o := &outline{}
	if nesting.TooDeep(text) {
		return o
	}
	v, err := hujson.Parse([]byte(text))
	if err != nil {
		return o
	}
	root, ok := v.Value.(*hujson.Object)
	if !ok {
		return o
	}
	at, line := 0, 1
	// Asked for in the order of the text, each line is counted once.
	lineOf := func(offset int) int {
		line += strings.Count(text[at:offset], "\n")
		at = offset
		return line
	}
	for i := range root.Members {
		m := &root.Members[i]
		section := part{section: nameOf(m), index: -1, first: lineOf(m.Name.StartOffset), text: text[m.Value.StartOffset:m.Value.EndOffset]}
		switch inner := m.Value.Value.(type) {
		case *hujson.Object:
			for k := range inner.Members {
				n := &inner.Members[k]
				p := part{section: section.section, name: nameOf(n), index: -1, text: text[n.Value.StartOffset:n.Value.EndOffset]}
				p.first, p.last = lineOf(n.Name.StartOffset), lineOf(n.Value.EndOffset)
				o.parts = append(o.parts, p)
			}
		case *hujson.Array:
			for k := range inner.Elements {
				e := &inner.Elements[k]
				p := part{section: section.section, index: k, text: text[e.StartOffset:e.EndOffset]}
				p.first, p.last = lineOf(e.StartOffset), lineOf(e.EndOffset)
				o.parts = append(o.parts, p)
			}
		}
		section.last = lineOf(m.Value.EndOffset)
		o.sections = append(o.sections, section)
	}
	return o
}

func nameOf(m *hujson.ObjectMember) string {
	literal, _ := m.Name.Value.(hujson.Literal)
	return literal.String()
}

// changed are the parts on a line that the other file has not: what is in sections, and
// each section of which nothing on the line is named, as for a comment in it.
func (o *outline) changed(line int) []part {
	const most = 100 // on one line
	var changed []part
	named := map[string]bool{}
	for _, p := range on(o.parts, line, most) {
		if p.changed {
			changed = append(changed, p)
			named[p.section] = true
		}
	}
	for _, s := range on(o.sections, line, most) {
		if !named[s.section] && s.changed {
			changed = append(changed, s)
		}
	}
	return changed
}

// on are the parts that have something on a line, the first few.
func on(parts []part, line, most int) []part {
	i := sort.Search(len(parts), func(i int) bool { return parts[i].last >= line })
	end := i
	for end < len(parts) && end-i < most && parts[end].first <= line {
		end++
	}
	return parts[i:end]
}
