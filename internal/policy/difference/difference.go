// SPDX-License-Identifier: MIT

// Package difference shows how the text of a policy file changes: by lines, each hunk
// with the sections it is in. It is pure, and shows texts that are no policy files too.
package difference

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Unified shows in the unified form, with three lines of context and without file
// names, how a text changes. The header of a hunk ends with the parts of the file that
// change in it, as in
//
//	@@ -12,7 +12,8 @@ groups "group:ops", grants[3]
//
// of which the number is the place in the new file, from 0, or in the old one for what
// is gone.
func Unified(old, now string) string {
	_, hunks, _ := strings.Cut(string(diff.Diff("", []byte(old), "", []byte(now))), "+++ \n")
	if hunks == "" {
		return ""
	}
	before, after := outlined(old), outlined(now)
	compare(before, after)
	var b strings.Builder
	lines := slices.Collect(strings.Lines(hunks))
	for i := 0; i < len(lines); {
		end := i + 1
		for end < len(lines) && !strings.HasPrefix(lines[end], "@@ ") {
			end++
		}
		header := strings.TrimSuffix(lines[i], "\n")
		if parts := labels(header, lines[i+1:end], before, after); parts != "" {
			header += " " + parts
		}
		b.WriteString(header + "\n")
		for _, line := range lines[i+1 : end] {
			b.WriteString(line)
		}
		i = end
	}
	return b.String()
}

// labels lists the parts that the lines of a hunk change.
func labels(header string, lines []string, before, after *outline) string {
	const most = 4
	var i, n, j, m int
	if _, err := fmt.Sscanf(header, "@@ -%d,%d +%d,%d @@", &i, &n, &j, &m); err != nil {
		return ""
	}
	if n == 0 {
		i++ // the line before is named
	}
	if m == 0 {
		j++
	}
	var names []string
	seen, sections := map[string]bool{}, map[string]bool{}
	take := func(o *outline, line int) {
		for _, p := range o.changed(line) {
			if name := p.label(); !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
			sections[p.section] = sections[p.section] || p.inner()
		}
	}
	for _, line := range lines {
		switch line[0] {
		case ' ':
			i++
			j++
		case '-':
			take(before, i)
			i++
		case '+':
			take(after, j)
			j++
		}
	}
	// A section need not be named beside what is in it.
	names = slices.DeleteFunc(names, func(name string) bool { return sections[name] })
	text := strings.Join(names[:min(most, len(names))], ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// clip is a name as a header shows it.
func clip(name string) string {
	const most = 60
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "") + "…"
	}
	return strconv.QuoteToGraphic(name)
}
