// SPDX-License-Identifier: MIT

package install

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var (
	now   = time.Date(2026, 7, 1, 12, 30, 0, 0, time.UTC)
	entry = Entry{"/usr/bin/tailscale-mcp-proxy", []string{"--server", "http://ts-mcp:8080/mcp"}}
)

// golden is one case: a file as it was and what becomes of it. Its head has a
// line for each option.
type golden struct {
	t       *testing.T
	name    string
	archive *txtar.Archive
	client  Client
	options map[string]bool
}

func eachGolden(t *testing.T, dir string, run func(golden)) {
	names, err := filepath.Glob(filepath.Join("testdata", dir, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no cases in %s: %v", dir, err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			g := golden{t: t, name: name, archive: archive, options: map[string]bool{}}
			for line := range strings.Lines(string(archive.Comment)) {
				if id, ok := strings.CutPrefix(strings.TrimSpace(line), "client "); ok {
					if g.client, err = Find(id); err != nil {
						t.Fatal(err)
					}
				}
				g.options[strings.TrimSpace(line)] = true
			}
			run(g)
		})
	}
}

// text is a section as the options want it.
func (g golden) text(section string) []byte {
	for _, f := range g.archive.Files {
		if f.Name == section {
			return g.dress(f.Data)
		}
	}
	return nil
}

func (g golden) has(section string) bool {
	for _, f := range g.archive.Files {
		if f.Name == section {
			return true
		}
	}
	return false
}

func (g golden) dress(text []byte) []byte {
	text = bytes.Clone(text)
	if g.options["chop"] {
		text = bytes.TrimSuffix(text, []byte("\n"))
	}
	if g.options["crlf"] {
		text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	}
	if g.options["bom"] {
		text = append([]byte("\ufeff"), text...)
	}
	return text
}

// compare holds what came out against the section, or writes it there.
func (g golden) compare(section string, got []byte) {
	g.t.Helper()
	if !*update {
		if d := cmp.Diff(string(g.text(section)), string(got)); d != "" {
			g.t.Errorf("%s (-want +got):\n%s", section, d)
		}
		return
	}
	plain := bytes.TrimPrefix(bytes.Clone(got), []byte("\ufeff"))
	plain = bytes.ReplaceAll(plain, []byte("\r\n"), []byte("\n"))
	if g.options["chop"] {
		plain = append(plain, '\n')
	}
	for i, f := range g.archive.Files {
		if f.Name == section {
			g.archive.Files[i].Data = plain
		}
	}
	if err := os.WriteFile(g.name, txtar.Format(g.archive), 0o600); err != nil {
		g.t.Fatal(err)
	}
}

// file writes the text to a file of its own.
func (g golden) file(text []byte) string {
	path := filepath.Join(g.t.TempDir(), "config")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		g.t.Fatal(err)
	}
	return path
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestEdit installs into each file, again, and takes the entry out.
func TestEdit(t *testing.T) {
	eachGolden(t, "edit", func(g golden) {
		t := g.t
		before := g.text("before")
		path := g.file(before)
		plan, err := PlanInstall(g.client, path, "tailscale", entry, g.options["force"])
		if err != nil {
			t.Fatal(err)
		}
		if plan.Changes() == g.options["same"] {
			t.Errorf("got a change: %v", plan.Changes())
		}
		if !g.options["same"] {
			if _, err := plan.Apply(now); err != nil {
				t.Fatal(err)
			}
		}
		g.compare("after", content(t, path))
		again, err := PlanInstall(g.client, path, "tailscale", entry, false)
		if err != nil || again.Changes() {
			t.Errorf("the second time: got %v and a change: %v, want nothing to do", err, err == nil && again.Changes())
		}
		if g.options["same"] || strings.Contains(g.name, "update") || strings.Contains(g.name, "codex_inline") {
			return // the proxy was there before
		}
		back, err := PlanUninstall(g.client, path, "tailscale", entry.Command, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := back.Apply(now); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(before), string(content(t, path))); d != "" {
			t.Errorf("uninstalled (-want +got):\n%s", d)
		}
	})
}

// refusal is the error as a person reads it, for files called config.
func refusal(t *testing.T, err error, path string) []byte {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a refusal", err)
	}
	text := strings.ReplaceAll("error: "+r.Problem+"\nhint: "+r.Hint+"\n", path, "config")
	if strings.Contains(text, "secret") {
		t.Errorf("got %q, want no secret in it", text)
	}
	return []byte(text)
}

// TestRefuse leaves alone what it cannot add to.
func TestRefuse(t *testing.T) {
	eachGolden(t, "refuse", func(g golden) {
		path := g.file(g.text("before"))
		_, err := PlanInstall(g.client, path, "tailscale", entry, false)
		g.compare("refusal", refusal(g.t, err, path))
	})
}

// TestUninstall takes the entry out of files that are no longer what install
// wrote.
func TestUninstall(t *testing.T) {
	eachGolden(t, "uninstall", func(g golden) {
		t := g.t
		path := g.file(g.text("before"))
		if g.has("copy") {
			if err := os.WriteFile(path+".bak-20260101-000000", g.text("copy"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		plan, err := PlanUninstall(g.client, path, "tailscale", entry.Command, g.options["force"])
		if g.has("refusal") {
			g.compare("refusal", refusal(t, err, path))
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if plan.Changes() == g.options["same"] {
			t.Errorf("got a change: %v", plan.Changes())
		}
		if _, err := plan.Apply(now); err != nil {
			t.Fatal(err)
		}
		g.compare("after", content(t, path))
	})
}

// TestFresh makes the file of each client where there is none, and removes it.
func TestFresh(t *testing.T) {
	for _, c := range Clients() {
		t.Run(c.ID, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a", "b", "config")
			plan, err := PlanInstall(c, path, "tailscale", entry, false)
			if err != nil {
				t.Fatal(err)
			}
			if !plan.Creates {
				t.Error("got a change, want a new file")
			}
			if _, err := plan.Apply(now); err != nil {
				t.Fatal(err)
			}
			got := content(t, path)
			name := filepath.Join("testdata", "fresh", c.ID+".golden")
			if *update {
				if err := os.WriteFile(name, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if d := cmp.Diff(string(content(t, name)), string(got)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			snippet, err := c.Snippet("tailscale", entry)
			if err != nil || snippet != string(got) {
				t.Errorf("got the snippet %q (%v), want what a new file has", snippet, err)
			}
			back, err := PlanUninstall(c, path, "tailscale", entry.Command, false)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := back.Apply(now); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(path); !os.IsNotExist(err) {
				t.Errorf("got %v, want no file any more", err)
			}
		})
	}
}

// TestVerify: a text that says anything else than it should is never written.
func TestVerify(t *testing.T) {
	want := map[string]any{"a": map[string]any{"b": "c"}}
	for _, tt := range []struct {
		client, text string
		ok           bool
	}{
		{"zed", `{"a": {"b": "c"}, }`, true},
		{"zed", `{"a": {"b": "d"}}`, false},
		{"zed", `{"a": {"b": "c"}, "e": null}`, false},
		{"zed", `{"a": {"b": "c"}`, false},
		{"kiro", `{"a": {"b": "c"}, }`, false},
		{"codex", "a.b = 'c'", true},
		{"codex", "a.b = 'c'\ne = 1", false},
	} {
		c, err := Find(tt.client)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.verify([]byte(tt.text), want); (err == nil) != tt.ok {
			t.Errorf("%s, %s: got %v, want it taken: %v", tt.client, tt.text, err, tt.ok)
		}
	}
}
