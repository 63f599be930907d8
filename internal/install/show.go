// SPDX-License-Identifier: MIT

package install

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"tailscale-mcp/internal/install/format"
)

// Snippet is the entry as a file holds that has nothing else in it.
func (c Client) Snippet(name string, e Entry) (string, error) {
	text, err := c.Format.Insert(nil, append(slices.Clone(c.Keys), name), c.Shape(e))
	return string(text), err
}

// Command is the command of the client's own that does the same; "" when it
// has none.
func (c Client) Command(s System, name string, e Entry) string {
	if c.Add == "" {
		return ""
	}
	words := []string{c.Add, name, "--"}
	for _, word := range append([]string{e.Command}, e.Args...) {
		words = append(words, shellWord(s, word))
	}
	return strings.Join(words, " ")
}

var plain = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`) })

// shellWord quotes a word as the system's usual shell wants it.
func shellWord(s System, word string) string {
	switch {
	case plain().MatchString(word):
		return word
	case s.OS == windows:
		return `"` + word + `"`
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// State says in a few words what the file at path has under that name.
func (c Client) State(path, name, self string) string {
	p, err := open(c, path)
	if err != nil {
		return "cannot be read"
	}
	if !p.file.exists {
		return "no file"
	}
	_, text := cutMark(p.before)
	tree, err := c.Format.Decode(text)
	if err != nil {
		return "cannot be read"
	}
	keys, err := c.table(tree, path)
	if err != nil {
		return "cannot be read"
	}
	at := append(keys, name)
	if format.Depth(tree, at) < len(at) {
		return "not set up"
	}
	was := format.Lookup(tree, at)
	if !ours(was, self) {
		return "another " + name
	}
	e, _ := read(was)
	return strings.TrimSpace("set up " + e.Server())
}
