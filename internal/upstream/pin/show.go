// SPDX-License-Identifier: MIT

package pin

import (
	"bytes"
	"encoding/json"
	"strings"

	"tailscale-mcp/internal/visible"
)

// Text is the change for a person who decides about it: what it is, and each part that
// differs, line by line, with invisible characters shown. It ends with a line end.
func (c Change) Text() string {
	var b strings.Builder
	b.WriteString(string(c.State) + " " + string(c.Kind))
	if c.Name != "" {
		b.WriteString(" " + short(c.Name))
	}
	if c.Why != "" {
		b.WriteString(": " + visible.Text(c.Why))
	}
	b.WriteByte('\n')
	if c.Is == nil {
		return b.String()
	}
	if c.Suggested != "" && c.Was == nil {
		b.WriteString("  says of itself: " + string(c.Suggested) + "\n")
	}
	was, is := parts(c.Kind, c.Was), parts(c.Kind, c.Is)
	keys := kept[c.Kind]
	if keys == nil {
		keys = []string{""}
	}
	for _, key := range keys {
		if key == nameKey[c.Kind] || bytes.Equal(was[key], is[key]) {
			continue
		}
		if key != "" {
			b.WriteString("  " + key + "\n")
		}
		for _, l := range difference(lines(was[key]), lines(is[key])) {
			b.WriteString("  " + l + "\n")
		}
	}
	return b.String()
}

// parts are the members of a definition, or all of it under "".
func parts(kind Kind, item *Item) map[string]json.RawMessage {
	if item == nil {
		return nil
	}
	members := map[string]json.RawMessage{"": item.Definition}
	if kept[kind] != nil && json.Unmarshal(item.Definition, &members) != nil {
		return nil
	}
	return members
}

// lines is a part as it is shown: a text by its lines, all else as indented JSON.
func lines(part json.RawMessage) []string {
	if len(part) == 0 {
		return nil
	}
	var s string
	if json.Unmarshal(part, &s) != nil {
		var b bytes.Buffer
		if json.Indent(&b, part, "", "  ") != nil {
			return nil // it is JSON: cannot be
		}
		return strings.Split(b.String(), "\n")
	}
	all := strings.Split(strings.ReplaceAll(s, "\r", `\r`), "\n")
	for i, l := range all {
		all[i] = visible.Text(l)
	}
	return all
}

// maxTable bounds the work of comparing two texts, in pairs of lines.
const maxTable = 1 << 22

// context is how many lines that stayed are shown around one that did not.
const context = 2

// difference returns the lines that went, marked -, came, marked +, and some that stayed
// around them (longest common subsequence).
func difference(was, is []string) []string {
	head := 0
	for head < min(len(was), len(is)) && was[head] == is[head] {
		head++
	}
	tail := 0
	for tail < min(len(was), len(is))-head && was[len(was)-1-tail] == is[len(is)-1-tail] {
		tail++
	}
	var all []string
	add := func(mark string, lines []string) {
		for _, l := range lines {
			all = append(all, mark+l)
		}
	}
	add("  ", was[:head])
	all = append(all, middle(was[head:len(was)-tail], is[head:len(is)-tail])...)
	add("  ", was[len(was)-tail:])
	return around(all)
}

// middle compares what is between the ends that are alike.
func middle(was, is []string) []string {
	var all []string
	if len(was)*len(is) > maxTable {
		for _, l := range was {
			all = append(all, "- "+l)
		}
		for _, l := range is {
			all = append(all, "+ "+l)
		}
		return all
	}
	table := make([][]int32, len(was)+1) // length of what is common from here on
	for i := range table {
		table[i] = make([]int32, len(is)+1)
	}
	for i := len(was) - 1; i >= 0; i-- {
		for j := len(is) - 1; j >= 0; j-- {
			if was[i] == is[j] {
				table[i][j] = table[i+1][j+1] + 1
			} else {
				table[i][j] = max(table[i+1][j], table[i][j+1])
			}
		}
	}
	for i, j := 0, 0; i < len(was) || j < len(is); {
		switch {
		case i < len(was) && j < len(is) && was[i] == is[j]:
			all = append(all, "  "+was[i])
			i, j = i+1, j+1
		case j == len(is) || i < len(was) && table[i+1][j] >= table[i][j+1]:
			all = append(all, "- "+was[i])
			i++
		default:
			all = append(all, "+ "+is[j])
			j++
		}
	}
	return all
}

// around leaves out lines that stayed and are far from any that did not.
func around(all []string) []string {
	near := make([]bool, len(all))
	for i, l := range all {
		if l[0] != ' ' {
			for j := max(0, i-context); j <= min(len(all)-1, i+context); j++ {
				near[j] = true
			}
		}
	}
	var shown []string
	for i, l := range all {
		switch {
		case near[i]:
			shown = append(shown, l)
		case i > 0 && near[i-1]:
			shown = append(shown, "  …")
		}
	}
	return shown
}
