// SPDX-License-Identifier: MIT

package format

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// tomlFormat edits TOML by the byte ranges that the library's parser gives. An
// entry is written as a table of its own at the end of the file.
type tomlFormat struct{}

func (tomlFormat) Container() string { return "a table" }

func (tomlFormat) Decode(text []byte) (map[string]any, error) {
	tree := map[string]any{}
	if err := toml.Unmarshal(text, &tree); err != nil {
		var d *toml.DecodeError
		if errors.As(err, &d) {
			row, column := d.Position()
			return nil, fmt.Errorf("it is not TOML at line %d, column %d", row, column)
		}
		return nil, errors.New("it is not TOML")
	}
	return tree, nil
}

func (tomlFormat) Insert(text []byte, path []string, entry []Member) ([]byte, error) {
	nl := newline(text)
	lines := []string{"[" + strings.Join(path, ".") + "]"}
	for _, m := range entry {
		line, err := assignment(m)
		if err != nil {
			return nil, err
		}
		lines = append(lines, line)
	}
	table := strings.Join(lines, nl)
	switch {
	case len(text) == 0:
		return []byte(table + nl), nil
	case text[len(text)-1] == '\n':
		return append(bytes.Clone(text), nl+table+nl...), nil
	}
	// A file whose last line does not end keeps such a last line.
	return append(bytes.Clone(text), nl+nl+table...), nil
}

func assignment(m Member) (string, error) {
	line, err := toml.Marshal(map[string]any{m.Name: m.Value})
	return strings.TrimSuffix(string(line), "\n"), err
}

func (f tomlFormat) Update(text []byte, path []string, entry []Member) ([]byte, error) {
	items, err := parseTOML(text)
	if err != nil {
		return nil, err
	}
	head := slices.IndexFunc(items, func(i item) bool { return i.header && slices.Equal(i.path, path) })
	if head < 0 {
		// Written within another table: a table of its own takes its place.
		if text, err = f.Remove(text, path, 0); err != nil {
			return nil, err
		}
		return f.Insert(text, path, entry)
	}
	tree, err := f.Decode(text)
	if err != nil {
		return nil, err
	}
	var changes []splice
	for _, m := range entry {
		line, err := assignment(m)
		if err != nil {
			return nil, err
		}
		if Agrees(Lookup(tree, path), []Member{m}) {
			continue
		}
		at := slices.IndexFunc(items, func(i item) bool {
			return !i.header && slices.Equal(i.path, append(path[:len(path):len(path)], m.Name))
		})
		if at < 0 {
			end := lineEnd(text, items[head].end)
			changes = append(changes, splice{end, end, newline(text) + line})
			continue
		}
		changes = append(changes, splice{items[at].start, items[at].end, line})
	}
	return apply(text, changes...), nil
}

func (tomlFormat) Remove(text []byte, path []string, _ int) ([]byte, error) {
	items, err := parseTOML(text)
	if err != nil {
		return nil, err
	}
	within := func(it item) bool { return len(it.path) >= len(path) && slices.Equal(it.path[:len(path)], path) }
	var changes []splice
	for i := 0; i < len(items); i++ {
		first := items[i]
		if !within(first) {
			continue
		}
		for i+1 < len(items) && within(items[i+1]) {
			i++
		}
		changes = append(changes, gap(text, lineStart(text, first.start), lineEnd(text, items[i].end), first.header))
	}
	if len(changes) == 0 {
		return nil, fmt.Errorf("%s is not there", strings.Join(path, "."))
	}
	return apply(text, changes...), nil
}

// gap is the lines from start to end with a line break, for a table also with
// the empty line before it.
func gap(text []byte, start, end int, table bool) splice {
	if end == len(text) { // the last line of a file that does not end with a line break
		start = breakBefore(text, start)
		if table {
			start = breakBefore(text, start)
		}
		return splice{start, end, ""}
	}
	end += bytes.IndexByte(text[end:], '\n') + 1
	if at := breakBefore(text, start); table && at < start && (at == 0 || text[at-1] == '\n') {
		start = at
	}
	return splice{start, end, ""}
}

// breakBefore is where the line break starts that ends at at.
func breakBefore(text []byte, at int) int {
	return len(bytes.TrimSuffix(bytes.TrimSuffix(text[:at], []byte("\n")), []byte("\r")))
}

// item is a table's header, or a name with its value; path is the whole way
// to it.
type item struct {
	header     bool
	path       []string
	start, end int
}

func parseTOML(text []byte) ([]item, error) {
	var p unstable.Parser
	p.Reset(text)
	var items []item
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		var keys []string
		var first, last unstable.Range
		for it := e.Key(); it.Next(); {
			if len(keys) == 0 {
				first = it.Node().Raw
			}
			keys, last = append(keys, string(it.Node().Data)), it.Node().Raw
		}
		if e.Kind == unstable.KeyValue {
			items = append(items, item{
				path:  append(slices.Clone(table), keys...),
				start: int(e.Raw.Offset), end: int(e.Raw.Offset + e.Raw.Length),
			})
			continue
		}
		table = keys
		// The parser gives the range of the names, not of the brackets.
		start := int(first.Offset)
		for start > 0 && strings.IndexByte(" \t[", text[start-1]) >= 0 {
			start--
		}
		end := int(last.Offset + last.Length)
		for end < len(text) && strings.IndexByte(" \t]", text[end]) >= 0 {
			end++
		}
		items = append(items, item{header: true, path: keys, start: start, end: end})
	}
	if p.Error() != nil {
		return nil, errors.New("it is not TOML")
	}
	return items, nil
}

func lineStart(text []byte, at int) int { return bytes.LastIndexByte(text[:at], '\n') + 1 }

// lineEnd is where the line ends, before its line break.
func lineEnd(text []byte, at int) int {
	i := bytes.IndexByte(text[at:], '\n')
	if i < 0 {
		return len(text)
	}
	if i > 0 && text[at+i-1] == '\r' {
		i--
	}
	return at + i
}
