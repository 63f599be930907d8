// SPDX-License-Identifier: MIT

// Package leaving finds a person in the text of a policy file, and the operations of
// package edit that take them out. It is pure.
package leaving

import (
	"fmt"
	"strings"

	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/policy/ports"
)

// Place is where a policy file names somebody.
type Place struct {
	Section string // as the file writes it
	Name    string // of the group, tag or route whose list it is in; empty in a rule
	Line    int
	Text    string // the line, or what stands for all of a rule

	path  []step
	wants int    // of a test: how many targets it has
	as    string // how the file writes the name there, with the ports behind it
}

// step is one part of the way to a value: the name of a member, or the index in a list of
// so many.
type step struct {
	name  string
	index int
	of    int // 0: a member
}

// Places returns where the file names a login, in its order.
func Places(f *grammar.File, login string) ([]Place, error) {
	root, err := hujson.Parse([]byte(f.Text))
	if err != nil {
		return nil, err
	}
	var all []Place
	visit(&root, nil, func(path []step, v *hujson.Value) {
		l, ok := v.Value.(hujson.Literal)
		if !ok || l.Kind() != '"' || len(path) == 0 {
			return
		}
		text := l.String()
		name, _, found := ports.Cut(text)
		if !strings.EqualFold(text, login) && (!found || !strings.EqualFold(name, login)) {
			return
		}
		p := Place{Section: path[0].name, path: append([]step(nil), path...), as: text}
		p.Line = 1 + strings.Count(f.Text[:v.StartOffset], "\n")
		p.Text = lineOf(f.Text, v.StartOffset)
		if path[len(path)-1].of > 0 && len(path) > 2 && path[1].of == 0 {
			p.Name = path[len(path)-2].name
		}
		if len(path) > 2 && strings.HasSuffix(strings.ToLower(p.Section), "tests") {
			p.wants = wants(root.Find(pointer(path[:2])))
		}
		all = append(all, p)
	})
	return all, nil
}

// visit calls for every value, with the way to it.
func visit(v *hujson.Value, path []step, each func([]step, *hujson.Value)) {
	each(path, v)
	switch c := v.Value.(type) {
	case *hujson.Object:
		for i := range c.Members {
			name, _ := c.Members[i].Name.Value.(hujson.Literal)
			visit(&c.Members[i].Value, append(path, step{name: name.String()}), each)
		}
	case *hujson.Array:
		for i := range c.Elements {
			visit(&c.Elements[i], append(path, step{index: i, of: len(c.Elements)}), each)
		}
	}
}

// wants counts what a test wants.
func wants(entry *hujson.Value) (n int) {
	o, ok := entry.Value.(*hujson.Object)
	if !ok {
		return 0
	}
	for _, m := range o.Members {
		name, _ := m.Name.Value.(hujson.Literal)
		if list, ok := m.Value.Value.(*hujson.Array); ok && wanted(name.String()) {
			n += len(list.Elements)
		}
	}
	return n
}

// wanted reports whether a member of a test has what it wants.
func wanted(member string) bool {
	switch strings.ToLower(member) {
	case "accept", "allow", "deny", "check":
		return true
	}
	return false
}

// lineOf is the line of a text at an offset, without the space around it.
func lineOf(text string, at int) string {
	const most = 160
	begin := strings.LastIndexByte(text[:at], '\n') + 1
	end := len(text)
	if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
		end = at + i
	}
	line := strings.TrimSpace(text[begin:end])
	if len(line) > most {
		line = strings.ToValidUTF8(line[:most], "") + " …"
	}
	return line
}

// pointer is a way as JSON Pointer writes it (RFC 6901).
func pointer(path []step) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteByte('/')
		if s.of > 0 {
			fmt.Fprint(&b, s.index)
			continue
		}
		b.WriteString(strings.NewReplacer("~", "~0", "/", "~1").Replace(s.name))
	}
	return b.String()
}
