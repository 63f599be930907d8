// SPDX-License-Identifier: MIT

package edit

import "strings"

// slot is where a new item of a list goes, and how it is to look there.
type slot struct {
	splice
	tail   string // follows the item
	comma  int    // where a comma is needed besides; -1: nowhere
	indent string // of the line that the item begins
	own    bool   // the item has lines of its own
}

// slot is the place of a new item before the item i of a list, or at its end. Of an empty
// list, own says whether the item gets a line of its own.
func (d *document) slot(l list, i int, own bool) slot {
	switch {
	case len(l.items) == 0:
		return d.only(l, own)
	case i < len(l.items):
		return d.before(l, i)
	}
	i = len(l.items) - 1
	last := l.items[i]
	end, ends := d.lineEnd(last.after(), l.end-1)
	if d.first(l, i) || strings.Contains(d.text[last.after():l.end-1], "//") {
		s := slot{own: true, indent: d.itemIndent(l, i), comma: -1}
		s.begin, s.with = end, d.style.eol+d.itemIndent(l, i)
		if last.comma >= 0 {
			s.tail = ","
		} else {
			s.comma = last.end
		}
		s.end = s.begin
		return s
	}
	s := slot{splice: splice{last.after(), last.after(), " "}, tail: ",", comma: -1, indent: d.indent(last.begin)}
	if last.comma < 0 {
		s.begin, s.with, s.tail = last.end, ", ", ""
		if !ends {
			s.begin = end // comments are of the item before
		}
		s.end = s.begin
	}
	return s
}

// before is the place of a new item before item i.
func (d *document) before(l list, i int) slot {
	gap := l.gap(i)
	s := slot{comma: -1, indent: d.itemIndent(l, i)}
	if end, ends := d.lineEnd(gap, l.items[i].begin); ends {
		s.own = true
		s.splice, s.tail = splice{end, end, d.style.eol + s.indent}, ","
		return s
	}
	if i > 0 {
		s.splice, s.tail = splice{gap, gap, " "}, ","
		return s
	}
	rest := d.text[gap:l.items[0].begin]
	gap += len(rest) - len(strings.TrimLeft(rest, space))
	s.splice, s.tail = splice{gap, gap, ""}, ", "
	return s
}

// only is the place of the first item of a list.
func (d *document) only(l list, own bool) slot {
	begin, end := l.begin+1, l.end-1
	inner := d.text[begin:end]
	content := begin + len(strings.TrimRight(inner, space))
	outer := d.indent(l.begin)
	s := slot{comma: -1, indent: outer + d.style.unit, own: true}
	s.splice = splice{content, content, d.style.eol + s.indent}
	if d.style.trailing {
		s.tail = ","
	}
	switch {
	case strings.Contains(d.text[content:end], "\n"):
	case content > begin: // a comment on the line
		s.own, s.with, s.tail = false, " ", ""
	case own:
		s.end = end
		s.tail += d.style.eol + outer
	default:
		s.own, s.splice, s.tail = false, splice{begin, end, ""}, ""
	}
	return s
}

// itemIndent is the indentation of a line that begins with an item such as item i.
func (d *document) itemIndent(l list, i int) string {
	indent := d.indent(l.items[i].begin)
	if d.first(l, i) {
		return indent
	}
	return indent + d.style.unit
}

// insert puts the text of an item into its place.
func (d *document) insert(s slot, text string) error {
	put := s.splice
	put.with += text + s.tail
	if s.comma < 0 {
		return d.apply(put)
	}
	if s.comma == put.begin {
		put.with = "," + put.with
		return d.apply(put)
	}
	return d.apply(splice{s.comma, s.comma, ","}, put)
}
