// SPDX-License-Identifier: MIT

package install

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

const someServers = "{\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\"}\n  }\n}\n"

func cursor(t *testing.T) Client {
	t.Helper()
	c, err := Find("cursor")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func planned(t *testing.T, path string) *Plan {
	t.Helper()
	p, err := PlanInstall(cursor(t), path, "tailscale", entry, false)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// only fails when there is anything else in the folder.
func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if g, w := strings.Join(got, " "), strings.Join(want, " "); g != w {
		t.Errorf("got the files %q, want %q", g, w)
	}
}

func TestApplyKeepsModeAndCopy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "mcp.json")
	write(t, path, someServers, 0o640)
	backup, err := planned(t, path).Apply(now)
	if err != nil {
		t.Fatal(err)
	}
	if want := path + ".bak-20260701-123000"; backup != want {
		t.Errorf("got the copy %s, want %s", backup, want)
	}
	if got := content(t, backup); string(got) != someServers {
		t.Errorf("got %q in the copy, want what was there", got)
	}
	for _, name := range []string{path, backup} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != windows && info.Mode().Perm() != 0o640 {
			t.Errorf("%s: got mode %v, want 0640", name, info.Mode())
		}
	}
	only(t, dir, "mcp.json", "mcp.json.bak-20260701-123000")

	// The same content is not kept twice; another one in the same second is.
	write(t, path, someServers, 0o640)
	if again, err := planned(t, path).Apply(now); err != nil || again != backup {
		t.Errorf("got the copy %s (%v), want %s", again, err, backup)
	}
	write(t, path, "{}", 0o640)
	if next, err := planned(t, path).Apply(now); err != nil || next != backup+"-02" {
		t.Errorf("got the copy %s (%v), want %s-02", next, err, backup)
	}
}

func TestApplyMakesFolders(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a")
	path := filepath.Join(dir, "b", "mcp.json")
	backup, err := planned(t, path).Apply(now)
	if err != nil || backup != "" {
		t.Fatalf("got the copy %q and %v, want neither", backup, err)
	}
	for name, want := range map[string]fs.FileMode{dir: 0o700, filepath.Dir(path): 0o700, path: 0o600} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS != windows && info.Mode().Perm() != want {
			t.Errorf("%s: got mode %v, want %v", name, info.Mode(), want)
		}
	}
	only(t, filepath.Dir(path), "mcp.json")
}

func TestApplyFollowsLinks(t *testing.T) {
	tests := []struct {
		name, text string
	}{
		{"to a file", someServers},
		{"to nothing yet", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			dotfiles := filepath.Join(dir, "dotfiles")
			if err := os.Mkdir(dotfiles, 0o700); err != nil {
				t.Fatal(err)
			}
			real, link, outer := filepath.Join(dotfiles, "mcp.json"), filepath.Join(dir, "mcp.json"), filepath.Join(dir, "outer.json")
			if tt.text != "" {
				write(t, real, tt.text, 0o600)
			}
			if err := os.Symlink(filepath.Join("dotfiles", "mcp.json"), link); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(link, outer); err != nil {
				t.Fatal(err)
			}
			if _, err := planned(t, outer).Apply(now); err != nil {
				t.Fatal(err)
			}
			for _, l := range []string{link, outer} {
				if info, err := os.Lstat(l); err != nil || info.Mode()&fs.ModeSymlink == 0 {
					t.Errorf("%s: got %v (%v), want a link still", l, info, err)
				}
			}
			if got := string(content(t, real)); !strings.Contains(got, `"tailscale"`) {
				t.Errorf("got %q, want the entry in the real file", got)
			}
			only(t, dir, "dotfiles", "mcp.json", "outer.json")

			back, err := PlanUninstall(cursor(t), outer, "tailscale", "", false)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := back.Apply(now); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(outer)
			if tt.text == "" && !errors.Is(err, fs.ErrNotExist) || tt.text != "" && string(got) != tt.text {
				t.Errorf("got %q (%v), want what was there", got, err)
			}
		})
	}
}

// TestApplyFollowsLinkInLinkedFolder: a link up from a folder that is a link
// itself leads up from the real folder.
func TestApplyFollowsLinkInLinkedFolder(t *testing.T) {
	dir := t.TempDir()
	for _, folder := range []string{"dotfiles/app", "dotfiles/secret"} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.FromSlash(folder)), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	real := filepath.Join(dir, "dotfiles", "secret", "mcp.json")
	write(t, real, someServers, 0o600)
	for link, to := range map[string]string{"app": "dotfiles/app", "dotfiles/app/mcp.json": "../secret/mcp.json"} {
		if err := os.Symlink(filepath.FromSlash(to), filepath.Join(dir, filepath.FromSlash(link))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := planned(t, filepath.Join(dir, "app", "mcp.json")).Apply(now); err != nil {
		t.Fatal(err)
	}
	if got := string(content(t, real)); !strings.Contains(got, `"tailscale"`) || !strings.Contains(got, `"a"`) {
		t.Errorf("got %q, want the entry in the real file, beside what was there", got)
	}
	only(t, dir, "app", "dotfiles")
}

// TestBackupFails: of a copy that could not be finished nothing is left.
func TestBackupFails(t *testing.T) {
	if runtime.GOOS == windows {
		t.Skip("SKIPPED, a copy has no owner and mode to fail at: windows")
	}
	dir := t.TempDir()
	gone := file{path: filepath.Join(dir, "mcp.json"), exists: true, text: []byte(someServers), mode: 0o640}
	if name, err := gone.backup(now); err == nil || name != "" {
		t.Errorf("got the copy %q (%v), want an error: there is no file to be like", name, err)
	}
	only(t, dir)
}

// TestApplyRefuses writes nothing and leaves nothing behind.
func TestApplyRefuses(t *testing.T) {
	tests := []struct {
		name string
		mode fs.FileMode
		meet func(t *testing.T, path string)
		says string
	}{
		{"read-only", 0o444, nil, "read-only"},
		{"changed meanwhile", 0o600, func(t *testing.T, path string) { write(t, path, someServers+" ", 0o600) }, "changed by another program"},
		{"replaced meanwhile", 0o600, func(t *testing.T, path string) {
			other := path + ".other"
			write(t, other, "{}", 0o600)
			if err := os.Rename(other, path); err != nil {
				t.Fatal(err)
			}
		}, "changed by another program"},
		{"gone meanwhile", 0o600, func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
		}, "changed by another program"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.mode == 0o444 && runtime.GOOS == windows {
				t.Skip("SKIPPED, modes are not as on Unix: windows")
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "mcp.json")
			write(t, path, someServers, tt.mode)
			plan := planned(t, path)
			if tt.meet != nil {
				tt.meet(t, path)
			}
			before, beforeErr := os.ReadFile(path)
			_, err := plan.Apply(now)
			var r *Refusal
			if !errors.As(err, &r) || !strings.Contains(r.Problem, tt.says) || r.Hint == "" {
				t.Errorf("got %v, want a refusal with %q and a hint", err, tt.says)
			}
			after, afterErr := os.ReadFile(path)
			if string(after) != string(before) || (afterErr == nil) != (beforeErr == nil) {
				t.Errorf("got %q (%v), want %q", after, afterErr, before)
			}
			if beforeErr == nil {
				only(t, dir, "mcp.json")
			} else {
				only(t, dir)
			}
		})
	}
}

// TestApplyRefusesNewFile: another program makes the file while the person
// still reads the change.
func TestApplyRefusesNewFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mcp.json")
	plan := planned(t, path)
	write(t, path, someServers, 0o600)
	var r *Refusal
	if _, err := plan.Apply(now); !errors.As(err, &r) {
		t.Errorf("got %v, want a refusal", err)
	}
	if got := string(content(t, path)); got != someServers {
		t.Errorf("got %q, want what the other program wrote", got)
	}
}

// TestApplyFails: no room for the copy's name, so nothing is written.
func TestApplyFails(t *testing.T) {
	dir, name := t.TempDir(), strings.Repeat("x", 250)
	write(t, filepath.Join(dir, name), someServers, 0o600)
	_, err := planned(t, filepath.Join(dir, name)).Apply(now)
	var r *Refusal
	if !errors.As(err, &r) || !strings.Contains(r.Problem, "was not written") || r.Hint == "" {
		t.Errorf("got %v, want a refusal with a hint", err)
	}
	if got := string(content(t, filepath.Join(dir, name))); got != someServers {
		t.Errorf("got %q, want what was there", got)
	}
	only(t, dir, name)
}

func TestReadFileRefuses(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{"a folder": dir, "a loop": loop, "a device": os.DevNull} {
		var r *Refusal
		if _, err := PlanInstall(cursor(t), path, "tailscale", entry, false); !errors.As(err, &r) || r.Hint == "" {
			t.Errorf("%s: got %v, want a refusal with a hint", name, err)
		}
	}
}

// TestUninstallTwice: what is not there is nothing to do.
func TestUninstallTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mcp.json")
	plan, err := PlanUninstall(cursor(t), path, "tailscale", "", false)
	if err != nil || plan.Changes() {
		t.Errorf("no file: got %v, want nothing to do", err)
	}
}

// TestUninstallAfterUpdate goes back to the file before the first entry, not
// to the last one.
func TestUninstallAfterUpdate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mcp.json")
	write(t, path, "{ }", 0o600)
	for i, url := range []string{"http://a/mcp", "http://b/mcp", "http://c/mcp"} {
		p, err := PlanInstall(cursor(t), path, "tailscale", Entry{entry.Command, []string{"--server", url}}, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Apply(now.AddDate(0, 0, i)); err != nil {
			t.Fatal(err)
		}
	}
	back, err := PlanUninstall(cursor(t), path, "tailscale", "", false)
	if err != nil {
		t.Fatal(err)
	}
	if backup, err := back.Apply(now); err != nil || backup != "" {
		t.Fatalf("got the copy %q and %v, want neither: there is one already", backup, err)
	}
	if got := string(content(t, path)); got != "{ }" {
		t.Errorf("got %q, want %q", got, "{ }")
	}
}
