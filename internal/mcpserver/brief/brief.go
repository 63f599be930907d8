// SPDX-License-Identifier: MIT

// Package brief says an answer in few words: for clients that give the structured
// content of an answer to their model, and need no second copy of it as text.
//
// What is left out is counted, and the text says where all of it is. The package knows
// JSON and nothing of MCP; it does not fail.
package brief

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"tailscale-mcp/internal/visible"
)

// The bounds of a text, in bytes but for columns, which are counted.
const (
	mostText    = 2 << 10
	mostCell    = 48
	mostColumns = 6
)

// all is where the rest is.
const all = "All of it is in structuredContent."

// Text returns the short form of an answer: a line for each member of the object, and for
// a list of objects how many there are and a table of what tells them apart. It is never
// longer than the answer, which is its own short form when it is small.
func Text(answer []byte) string {
	members, ok := membersOf(answer)
	if !ok {
		return string(answer)
	}
	var text strings.Builder
	for i, m := range members {
		line := m.line()
		if text.Len()+len(line) > mostText {
			fmt.Fprintf(&text, "%d more members\n", len(members)-i)
			break
		}
		text.WriteString(line)
	}
	text.WriteString(all)
	if short := visible.Text(text.String()); len(short) < len(answer) {
		return short
	}
	return string(answer)
}

// member is one member of an object.
type member struct {
	name  string
	value jsontext.Value
}

// line is the short form of a member, with its end of line.
func (m member) line() string {
	switch m.value.Kind() {
	case '[':
		items, _ := elementsOf(m.value)
		if len(items) > 0 && items[0].Kind() == '{' {
			return fmt.Sprintf("%d %s\n", len(items), m.name) + table(items)
		}
	case '{':
		if inside, _ := membersOf(m.value); len(cell(m.value)) > mostCell {
			names := make([]string, len(inside))
			for i, in := range inside {
				names[i] = in.name
			}
			return m.name + ": object with " + cut(strings.Join(names, ", "), 4*mostCell) + "\n"
		}
	}
	return m.name + ": " + cut(cell(m.value), 4*mostCell) + "\n"
}

// telling are members that tell one thing from another, the best first.
var telling = []string{"name", "hostname", "loginName", "displayName", "id", "nodeId", "device", "user", "description", "status", "role", "type", "os", "tags", "online", "lastSeen", "expires"}

// table has a row for each object, with tabs between the columns, as far as there is room.
func table(items []jsontext.Value) string {
	rows := make([]map[string]jsontext.Value, len(items))
	var columns []string
	for i, item := range items {
		members, _ := membersOf(item)
		rows[i] = make(map[string]jsontext.Value, len(members))
		for _, m := range members {
			rows[i][m.name] = m.value
			if !slices.Contains(columns, m.name) && m.value.Kind() != '{' && len(columns) < 8*mostColumns {
				columns = append(columns, m.name)
			}
		}
	}
	rank := func(name string) int {
		if i := slices.Index(telling, name); i >= 0 {
			return i
		}
		return len(telling)
	}
	slices.SortStableFunc(columns, func(a, b string) int { return rank(a) - rank(b) })
	columns = columns[:min(len(columns), mostColumns)]
	var text strings.Builder
	text.WriteString(strings.Join(columns, "\t") + "\n")
	for i, row := range rows {
		cells := make([]string, len(columns))
		for c, name := range columns {
			if value, ok := row[name]; ok {
				cells[c] = cut(cell(value), mostCell)
			}
		}
		line := strings.Join(cells, "\t") + "\n"
		if text.Len()+len(line) > mostText*3/4 {
			fmt.Fprintf(&text, "%d more\n", len(rows)-i)
			break
		}
		text.WriteString(line)
	}
	return text.String()
}

// cell is a value on one line: a text as it is, a list of such with commas between.
func cell(value jsontext.Value) string {
	switch value.Kind() {
	case '"':
		var text string
		_ = json.Unmarshal(value, &text) // it was read as JSON before
		return onOneLine(text)
	case '[':
		items, _ := elementsOf(value)
		cells := make([]string, len(items))
		for i, item := range items {
			if cells[i] = onOneLine(string(item)); item.Kind() == '"' {
				cells[i] = cell(item)
			}
		}
		return strings.Join(cells, ",")
	}
	return onOneLine(string(value))
}

// onOneLine is a text on one line, and in one column.
func onOneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, text)
}

// cut is a text of that many bytes at most, with a mark where the rest was.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most-len("…")], "") + "…"
}

// membersOf are the members of an object, in their order; ok is false for what is none.
func membersOf(value []byte) (members []member, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if open, err := d.ReadToken(); err != nil || open.Kind() != '{' {
		return nil, false
	}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		m := member{name: onOneLine(name.String())}
		value, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		m.value = value.Clone()
		members = append(members, m)
	}
	return members, d.PeekKind() == '}'
}

// elementsOf are the elements of an array.
func elementsOf(value []byte) (elements []jsontext.Value, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if open, err := d.ReadToken(); err != nil || open.Kind() != '[' {
		return nil, false
	}
	for d.PeekKind() != ']' {
		value, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		elements = append(elements, value.Clone())
	}
	return elements, true
}
