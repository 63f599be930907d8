// SPDX-License-Identifier: MIT

package install

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"tailscale-mcp/internal/install/format"
)

// Plan is a change to one file that has not been made yet.
type Plan struct {
	// Path is the file as the client names it; a symbolic link stays one.
	Path string
	// Creates says that the file is not there yet.
	Creates bool
	// Deletes says that nothing is left of a file that was made for the entry.
	Deletes bool
	// Others are the names of the servers in the file that start the proxy too.
	Others []string
	// restores says that after is kept in a copy, and before differs from it by
	// the entry alone.
	restores bool

	file          file
	before, after []byte
}

// Copies are the files beside it in which earlier changes kept what was there.
func (p *Plan) Copies() []string { return p.file.backupNames() }

// Changes reports whether there is anything to do.
func (p *Plan) Changes() bool { return p.Creates || p.Deletes || !bytes.Equal(p.before, p.after) }

// Diff is the change as a unified diff.
func (p *Plan) Diff() string {
	lines := func(text []byte) []byte { return bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")) }
	from, to := p.Path, p.Path
	if p.Creates {
		from = "(no file)"
	}
	if p.Deletes {
		to = "(no file)"
	}
	text := string(diff.Diff(from, lines(p.before), to, lines(p.after)))
	if _, rest, ok := strings.Cut(text, "\n--- "); ok {
		return "--- " + rest
	}
	return text
}

// PlanInstall plans to enter a server of that name in the file at path. Another
// server of the name is left alone unless forced.
func PlanInstall(c Client, path, name string, e Entry, force bool) (*Plan, error) {
	p, err := open(c, path)
	if err != nil {
		return nil, err
	}
	p.Creates = !p.file.exists
	p.after, err = c.install(p, name, e, force)
	return p, err
}

func open(c Client, path string) (*Plan, error) {
	f, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return &Plan{Path: path, file: f, before: f.text, after: f.text}, nil
}

// install is the text with the entry in it.
func (c Client) install(p *Plan, name string, e Entry, force bool) ([]byte, error) {
	mark, text := cutMark(p.before)
	tree, err := c.decode(text, p.Path)
	if err != nil {
		return nil, err
	}
	keys, err := c.table(tree, p.Path)
	if err != nil {
		return nil, err
	}
	path, entry := append(keys, name), c.Shape(e)
	there := format.Depth(tree, path) == len(path)
	was := format.Lookup(tree, path)
	var out []byte
	switch {
	case there && format.Agrees(was, entry):
		return p.before, nil
	case there && ours(was, e.Command):
		out, err = c.Format.Update(text, path, entry)
		for _, m := range entry {
			tree = format.With(tree, append(path[:len(path):len(path)], m.Name), format.Value(m.Value))
		}
	case there && !force:
		return nil, refuse("choose another --name, or replace it with --force", "%s already has a server %q, which %s", p.Path, name, describe(was))
	default:
		if there {
			text, err = c.Format.Remove(text, path, 0)
		}
		if err == nil {
			out, err = c.Format.Insert(text, path, entry)
		}
		tree = format.With(tree, path, format.Value(entry))
	}
	if err == nil {
		err = c.verify(out, tree)
	}
	if err != nil {
		return nil, refuse("enter it by hand: 'install "+c.ID+" --print' shows what", "%s is not written in a way that can be added to: %v", p.Path, err)
	}
	return append(mark, out...), nil
}

// PlanUninstall plans to take the server of that name out of the file at path.
// Only one that starts the proxy, or the program self, is taken out unless
// forced.
func PlanUninstall(c Client, path, name, self string, force bool) (*Plan, error) {
	p, err := open(c, path)
	if err != nil || !p.file.exists {
		return p, err
	}
	mark, text := cutMark(p.before)
	tree, err := c.decode(text, path)
	if err != nil {
		return nil, err
	}
	keys, err := c.table(tree, path)
	if err != nil {
		return nil, err
	}
	at := append(keys, name)
	servers, _ := format.Lookup(tree, keys).(map[string]any)
	for _, other := range slices.Sorted(maps.Keys(servers)) {
		if other != name && ours(servers[other], self) {
			p.Others = append(p.Others, other)
		}
	}
	if format.Depth(tree, at) < len(at) {
		return p, nil
	}
	was := format.Lookup(tree, at)
	if !ours(was, self) && !force {
		return nil, refuse("see whether it is the right --name, or remove it with --force", "server %q in %s is not this proxy: it %s", name, path, describe(was))
	}
	undone, known, parents := c.undo(p, at, name, was)
	if undone != nil {
		p.after, p.restores = undone, true
		return p, nil
	}
	if e, ok := read(was); ok && !known {
		if made, err := c.install(&Plan{Path: path}, name, e, true); err == nil && bytes.Equal(made, p.before) {
			p.after, p.Deletes = nil, true
			return p, nil
		}
	}
	out, err := c.Format.Remove(text, at, parents)
	if err == nil {
		// Whether tables above it go with it is a matter of how they are written.
		err = c.verify(out, format.Without(tree, at, 0))
		for n := 1; err != nil && n <= len(keys); n++ {
			if c.verify(out, format.Without(tree, at, n)) == nil {
				err = nil
			}
		}
	}
	if err != nil {
		return nil, refuse("take it out by hand", "server %q in %s cannot be taken out without changing something else: %v", name, path, err)
	}
	p.after = append(mark, out...)
	return p, nil
}

// undo looks among the copies for the file as it was before the entry. If one
// becomes the present file by entering the server, it is what it was. Else the
// newest says, if one is known, how many of the tables above the entry were
// made for it.
func (c Client) undo(p *Plan, at []string, name string, was any) (text []byte, known bool, parents int) {
	e, readable := read(was)
	for before := range p.file.backups() {
		_, old := cutMark(before)
		tree, err := c.Format.Decode(old)
		if err != nil || ours(format.Lookup(tree, at), e.Command) {
			continue
		}
		if !known {
			known, parents = true, max(0, len(at)-1-format.Depth(tree, at))
		}
		if !readable {
			continue
		}
		if after, err := c.install(&Plan{Path: p.Path, before: before}, name, e, true); err == nil && bytes.Equal(after, p.before) {
			return before, true, 0
		}
	}
	return nil, known, parents
}

func (c Client) decode(text []byte, path string) (map[string]any, error) {
	tree, err := c.Format.Decode(text)
	if err != nil {
		return nil, refuse("mend the file, or name another with --config", "%s cannot be read as %s reads it: %v", path, c.Product, err)
	}
	return tree, nil
}

// table is the way to the table of servers in this file.
func (c Client) table(tree map[string]any, path string) ([]string, error) {
	keys := c.Keys
	if newer, ok := format.Lookup(tree, c.Newer).(map[string]any); c.Newer != nil && ok && newer["type"] == nil {
		keys = c.Newer
	}
	for i := range keys {
		at := keys[:i+1]
		if format.Depth(tree, at) < len(at) {
			break
		}
		if _, ok := format.Lookup(tree, at).(map[string]any); !ok {
			return nil, refuse("mend the file, or name another with --config", "%s: %s is %s, where %s keeps %s", path, strings.Join(at, "."), format.Kind(format.Lookup(tree, at)), c.Product, c.Format.Container())
		}
	}
	return slices.Clone(keys), nil
}

// verify refuses a text that says anything else than it should.
func (c Client) verify(text []byte, want map[string]any) error {
	got, err := c.Format.Decode(text)
	if err != nil {
		return fmt.Errorf("afterwards %w", err)
	}
	if !format.Equal(got, want) {
		return errors.New("something else would change too")
	}
	return nil
}

// cutMark separates the byte order mark, which some editors on Windows write.
func cutMark(text []byte) (mark, rest []byte) {
	const bom = "\ufeff"
	if bytes.HasPrefix(text, []byte(bom)) {
		return []byte(bom), text[len(bom):]
	}
	return nil, text
}
