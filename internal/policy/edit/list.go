// SPDX-License-Identifier: MIT

package edit

import (
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/nesting"
)

// list is an object or an array of the text, with what is in it.
type list struct {
	begin, end int // its brackets are text[begin] and text[end-1]
	object     bool
	items      []item
}

// item is a member of an object or an element of an array: text[begin:end], the name of
// a member included.
type item struct {
	begin, end int
	comma      int // the offset of the comma behind it; -1: none
	name       string
	value      *hujson.Value
}

// list is a view of an object or an array; of anything else it is empty.
func (d *document) list(v *hujson.Value) list {
	l := list{begin: v.StartOffset, end: v.EndOffset}
	switch v := v.Value.(type) {
	case *hujson.Object:
		l.object = true
		for i := range v.Members {
			m := &v.Members[i]
			l.items = append(l.items, d.item(m.Name.StartOffset, nameOf(m), &m.Value))
		}
	case *hujson.Array:
		for i := range v.Elements {
			l.items = append(l.items, d.item(v.Elements[i].StartOffset, "", &v.Elements[i]))
		}
	}
	return l
}

func (d *document) item(begin int, name string, v *hujson.Value) item {
	it := item{begin: begin, end: v.EndOffset, comma: -1, name: name, value: v}
	if p := v.EndOffset + len(v.AfterExtra); d.text[p] == ',' {
		it.comma = p
	}
	return it
}

// after is the offset behind an item and its comma.
func (it item) after() int {
	if it.comma >= 0 {
		return it.comma + 1
	}
	return it.end
}

// gap is where the space before item i begins.
func (l list) gap(i int) int {
	if i == 0 {
		return l.begin + 1
	}
	return l.items[i-1].after()
}

// limit is where the space behind item i ends.
func (l list) limit(i int) int {
	if i+1 < len(l.items) {
		return l.items[i+1].begin
	}
	return l.end - 1
}

const space = " \t\r\n"

// lineEnd finds the end of the line in the space text[from:to], outside block comments;
// where there is none it is the end of the last comment there.
func (d *document) lineEnd(from, to int) (offset int, found bool) {
	last := from
	for i := from; i < to; {
		switch j := nesting.SkipComment(d.text, i); {
		case j > i:
			i, last = j, j
		case d.text[i] == '\n':
			if i > from && d.text[i-1] == '\r' {
				return i - 1, true
			}
			return i, true
		default:
			i++
		}
	}
	return last, false
}

// lineBegin is where the line of an offset begins.
func (d *document) lineBegin(offset int) int { return strings.LastIndexByte(d.text[:offset], '\n') + 1 }

// indent is the space at the beginning of the line of an offset.
func (d *document) indent(offset int) string {
	line := d.text[d.lineBegin(offset):offset]
	return line[:len(line)-len(strings.TrimLeft(line, " \t"))]
}

// first reports whether item i is the first thing on its line, comments aside.
func (d *document) first(l list, i int) bool {
	_, found := d.lineEnd(l.gap(i), l.items[i].begin)
	return found
}
