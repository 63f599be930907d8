// SPDX-License-Identifier: MIT

package edit

import (
	"strings"

	"tailscale-mcp/internal/policy/nesting"
)

// remove takes an item out of a list, with the comment that follows it on its line.
// Comments on the lines before stay: they may be about more than it.
func (d *document) remove(l list, i int) error {
	it := l.items[i]
	if comment := strings.TrimSpace(d.text[l.gap(i):it.begin]); strings.Contains(comment, "/") && d.first(l, i) {
		d.notes = append(d.notes, "the comments before what was removed at "+d.where(it.begin)+" stay: "+quote(comment))
	}
	return d.apply(d.cut(l, i)...)
}

// cut are the splices that take an item out of a list.
func (d *document) cut(l list, i int) []splice {
	it, gap, limit := l.items[i], l.gap(i), l.limit(i)
	line := d.lineBegin(it.begin)
	before := d.text[gap:it.begin]
	end, ends := d.lineEnd(it.after(), limit)
	s := splice{begin: it.begin, end: it.after()}
	joined := false // with the comma before
	switch alone := line > gap && strings.TrimSpace(d.text[line:it.begin]) == ""; {
	case alone && ends:
		s.begin, s.end = d.lineBreak(line), end
	case alone && i+1 == len(l.items):
		// A line comment before would swallow the bracket behind.
		if !d.inLineComment(gap, line) {
			s.begin = d.lineBreak(line)
		}
	case i > 0 && !strings.Contains(before, "\n"):
		s.begin, s.end, joined = l.items[i-1].comma, it.end, true
		if it.comma < 0 && !ends {
			s.end = end // comments that follow it
		}
		if it.comma >= 0 {
			s.end = it.comma
		}
	case i+1 < len(l.items):
		rest := d.text[s.end:limit]
		s.end += len(rest) - len(strings.TrimLeft(rest, " \t"))
	}
	if len(l.items) == 1 && strings.TrimSpace(d.text[l.begin+1:s.begin]+d.text[s.end:l.end-1]) == "" {
		return []splice{{begin: l.begin + 1, end: l.end - 1}}
	}
	if it.comma < 0 && i > 0 && !joined {
		// The new last item has no comma either.
		comma := l.items[i-1].comma
		if s.begin == comma+1 {
			s.begin = comma
		} else {
			return []splice{{begin: comma, end: comma + 1}, s}
		}
	}
	return []splice{s}
}

// inLineComment reports whether the last comment in the space text[from:to] is one that
// the end of its line ends.
func (d *document) inLineComment(from, to int) bool {
	line := false
	for i := from; i < to; i++ {
		if j := nesting.SkipComment(d.text, i); j > i {
			line = d.text[i+1] == '/'
			i = j - 1
		}
	}
	return line
}

// lineBreak is where the end of the line before begins, for the beginning of a line.
func (d *document) lineBreak(line int) int {
	if strings.HasSuffix(d.text[:line], "\r\n") {
		return line - 2
	}
	return line - 1
}
