// SPDX-License-Identifier: MIT

package install

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/tailscale/hujson"

	"tailscale-mcp/internal/install/format"
)

// addSeeds gives the fuzzer the files of the golden tests.
func addSeeds(f testing.TB, add func(text []byte)) {
	names, err := filepath.Glob("testdata/*/*.txtar")
	if err != nil || len(names) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			if file.Name != "before" {
				continue
			}
			add(file.Data)
			add(bytes.ReplaceAll(file.Data, []byte("\n"), []byte("\r\n")))
			add(bytes.TrimSuffix(file.Data, []byte("\n")))
			add(append([]byte("\ufeff"), file.Data...))
		}
	}
}

// edit installs the entry in a text. Either it refuses, or the text says what
// it said before and the entry, and whatever was there is still there in the
// same order. It returns false when it refuses or nothing is new.
func edit(t *testing.T, c Client, before []byte) (after []byte, path []string, tree map[string]any, ok bool) {
	t.Helper()
	after, err := c.install(&Plan{before: before}, "tailscale", entry, false)
	if err != nil {
		var r *Refusal
		if !errors.As(err, &r) {
			t.Fatalf("got %v, want a refusal", err)
		}
		return nil, nil, nil, false
	}
	_, text := cutMark(before)
	tree, err = c.Format.Decode(text)
	if err != nil {
		t.Fatalf("changed what cannot be read: %v", err)
	}
	if path, err = c.table(tree, ""); err != nil {
		t.Fatal(err)
	}
	path = append(path, "tailscale")
	again, err := c.install(&Plan{before: after}, "tailscale", entry, false)
	if err != nil || !bytes.Equal(again, after) {
		t.Fatalf("the second time: got %q (%v), want %q", again, err, after)
	}
	if format.Depth(tree, path) == len(path) {
		return nil, nil, nil, false // the proxy was there
	}
	_, text = cutMark(after)
	got, err := c.Format.Decode(text)
	if err != nil || !format.Equal(got, format.With(tree, path, format.Value(c.Shape(entry)))) {
		t.Fatalf("got %#v (%v) from %q, want %#v and the entry", got, err, after, tree)
	}
	return after, path, tree, true
}

// takeOut removes the entry without knowing what was before.
func takeOut(t *testing.T, c Client, after []byte, path []string, parents int) []byte {
	t.Helper()
	mark, text := cutMark(after)
	out, err := c.Format.Remove(text, path, parents)
	if err != nil {
		t.Fatalf("taking it out of %q: %v", after, err)
	}
	return append(mark, out...)
}

// TestUninstallRestores does the real thing with every file, for a client of
// each format: install, uninstall, the same bytes.
func TestUninstallRestores(t *testing.T) {
	done := 0
	for _, id := range []string{"vscode", "claude-code", "opencode", "codex"} {
		c, err := Find(id)
		if err != nil {
			t.Fatal(err)
		}
		addSeeds(t, func(before []byte) {
			if _, _, _, ok := edit(t, c, before); !ok {
				return
			}
			done++
			file := filepath.Join(t.TempDir(), "config")
			if err := os.WriteFile(file, before, 0o600); err != nil {
				t.Fatal(err)
			}
			plan, err := PlanInstall(c, file, "tailscale", entry, false)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := plan.Apply(now); err != nil {
				t.Fatal(err)
			}
			back, err := PlanUninstall(c, file, "tailscale", entry.Command, false)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := back.Apply(now); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, before) {
				t.Errorf("%s: got %q (%v), want %q", id, got, err, before)
			}
		})
	}
	if done < 50 {
		t.Errorf("only %d files could be edited", done)
	}
}

func FuzzEditJSON(f *testing.F) {
	addSeeds(f, func(text []byte) { f.Add(text, uint8(0)); f.Add(text, uint8(3)) })
	f.Fuzz(func(t *testing.T, before []byte, which uint8) {
		all := []string{"cursor", "vscode", "opencode", "claude-desktop"}
		c, err := Find(all[int(which)%len(all)])
		if err != nil {
			t.Fatal(err)
		}
		after, path, tree, ok := edit(t, c, before)
		if !ok {
			return
		}
		parents := len(path) - 1 - format.Depth(tree, path)
		out := takeOut(t, c, after, path, parents)
		_, text := cutMark(out)
		if got, err := c.Format.Decode(text); err != nil || !format.Equal(got, tree) {
			t.Fatalf("got %#v (%v) from %q, want %#v", got, err, out, tree)
		}
		if !roomy(t, before, path) && !bytes.Equal(out, before) {
			t.Fatalf("got %q, want %q", out, before)
		}
	})
}

// roomy reports whether the entry goes into an object with nothing in it but
// space, or into an empty file: only a copy knows how that was laid out.
func roomy(t *testing.T, text []byte, path []string) bool {
	t.Helper()
	_, text = cutMark(text)
	if len(bytes.TrimSpace(text)) == 0 {
		return true
	}
	at, err := hujson.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range path {
		i := slices.IndexFunc(at.Value.(*hujson.Object).Members, func(m hujson.ObjectMember) bool {
			return m.Name.Value.(hujson.Literal).String() == name
		})
		if i < 0 {
			break
		}
		at = at.Value.(*hujson.Object).Members[i].Value
	}
	o := at.Value.(*hujson.Object)
	return len(o.Members) == 0 && len(o.AfterExtra) > 0
}

func FuzzEditTOML(f *testing.F) {
	addSeeds(f, func(text []byte) { f.Add(text) })
	f.Add([]byte("x = nan\n[[a]]\nb.c = 1979-05-27T07:32:00Z # x"))
	c, err := Find("codex")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, before []byte) {
		after, path, _, ok := edit(t, c, before)
		if !ok {
			return
		}
		if out := takeOut(t, c, after, path, 0); !bytes.Equal(out, before) {
			t.Fatalf("got %q, want %q", out, before)
		}
	})
}
