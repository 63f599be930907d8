// SPDX-License-Identifier: MIT

package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestMain is the generator itself when a test says so.
func TestMain(m *testing.M) {
	if os.Getenv("TEST_AS_GENERATOR") != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// host is a root with entries.
func host(t *testing.T, files map[string]string) (root, dir string) {
	t.Helper()
	root, dir = t.TempDir(), t.TempDir()
	for _, name := range []string{entries, "usr", "data", "home"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("data", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(root, entries, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root, dir
}

// in lists what is in a folder, links with where they lead.
func in(t *testing.T, dir string) []string {
	t.Helper()
	all := []string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, path)
		if to, err := os.Readlink(path); err == nil {
			name += " -> " + to
		}
		all = append(all, name)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

const good = `{"command": "cat"}`

var filesUnits = []string{
	"multi-user.target.wants/tailscale-mcp-servers.target -> /usr/lib/systemd/system/tailscale-mcp-servers.target",
	"system-tailscale_mcp_servers-files.slice",
	"tailscale-mcp-server-files.socket",
	"tailscale-mcp-server-files@.service",
	"tailscale-mcp-servers.target.wants/tailscale-mcp-server-files.socket -> ../tailscale-mcp-server-files.socket",
}

// TestElsewhere: a server that runs elsewhere has units only if it needs credentials.
func TestElsewhere(t *testing.T) {
	root, dir := host(t, map[string]string{"far.json": `{"url": "https://x", "headers": {"A": "b"}}`})
	var log strings.Builder
	generate(root, dir, reporter(&log))
	if units := in(t, dir); len(units) > 0 || log.Len() > 0 {
		t.Errorf("%v, %s", units, log.String())
	}
	root, dir = host(t, map[string]string{"files.json": `{"url": "https://x", "headers": {"A": "${credential:files.token}"}}`})
	generate(root, dir, reporter(&log))
	if d := cmp.Diff(filesUnits, in(t, dir)); d != "" || log.Len() > 0 {
		t.Error(d, log.String())
	}
}

// TestGenerate: every good entry has its units, whatever the others are, and every
// mistake is told.
func TestGenerate(t *testing.T) {
	root, dir := host(t, map[string]string{
		"files.json": good, "files.lock.json": "{", "far.json": `{"url": "https://x"}`, "off.json": `{"command": "cat", "disabled": true}`,
		"bad.json": "{\"command\": \"\",\n\"x\": 1}", "worse.json": "[[[", "Name.json": good,
	})
	if err := os.Symlink("files.json", filepath.Join(root, entries, "other.json")); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	generate(root, dir, reporter(&log))
	if d := cmp.Diff(filesUnits, in(t, dir)); d != "" {
		t.Error(d)
	}
	var places []string
	for line := range strings.Lines(strings.ReplaceAll(log.String(), filepath.Join(root, entries)+"/", "")) {
		words := strings.Fields(line)
		places = append(places, strings.Join(words[:2], " "))
	}
	want := []string{"Name.json:", "bad.json:1:13:", "bad.json:2:1:", "other.json:", "worse.json:1:4:"}
	for i := range want {
		want[i] = "<3>tailscale-mcp-generator: " + want[i]
	}
	if d := cmp.Diff(want, places); d != "" {
		t.Error(d, log.String())
	}
	service, err := os.ReadFile(filepath.Join(dir, "tailscale-mcp-server-files@.service"))
	if err != nil {
		t.Fatal(err)
	}
	for text, there := range map[string]bool{
		"TemporaryFileSystem=/data:ro\n": true, "TemporaryFileSystem=/link": false, "TemporaryFileSystem=/usr:": false,
		"SourcePath=" + root + "/" + entries + "/files.json\n":               true,
		"LoadCredential=server.json:" + root + "/" + entries + "/files.json": true,
	} {
		if strings.Contains(string(service), text) != there {
			t.Errorf("%q: not %v in\n%s", text, there, service)
		}
	}
}

// TestNothing: without entries there is nothing, and nothing is said.
func TestNothing(t *testing.T) {
	for _, root := range []string{t.TempDir(), func() string { root, _ := host(t, nil); return root }()} {
		dir := t.TempDir()
		generate(root, dir, func(s string) { t.Error(s) })
		if got := in(t, dir); len(got) > 0 {
			t.Error(got)
		}
	}
}

// TestFailures: what cannot be written is told, and nothing by halves is left.
func TestFailures(t *testing.T) {
	root, dir := host(t, map[string]string{"files.json": good, "more.json": good})
	if err := os.MkdirAll(filepath.Join(dir, "system-tailscale_mcp_servers-more.slice", "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	generate(root, dir, reporter(&log))
	if d := cmp.Diff(filesUnits, in(t, dir)); d != "" {
		t.Error(d)
	}
	if !strings.Contains(log.String(), "more.json: no units were made: rename ") {
		t.Error(log.String())
	}
	log.Reset()
	generate(root, filepath.Join(dir, "none"), reporter(&log))
	if strings.Count(log.String(), "no units were made") != 2 {
		t.Error(log.String())
	}
}

// TestAtOnce: runs at the same time, as systemd may have them, leave whole units.
func TestAtOnce(t *testing.T) {
	root, dir := host(t, map[string]string{"files.json": good})
	var runs sync.WaitGroup
	for range 8 {
		runs.Go(func() { generate(root, dir, func(s string) { t.Error(s) }) })
	}
	runs.Wait()
	if d := cmp.Diff(filesUnits, in(t, dir)); d != "" {
		t.Error(d)
	}
}

// TestRecords: one line each for the kernel, not longer than it takes.
func TestRecords(t *testing.T) {
	var log strings.Builder
	reporter(&log)("one\n" + strings.Repeat("x", 2000))
	lines := strings.Split(log.String(), "\n")
	if len(lines) != 3 || lines[0] != "<3>tailscale-mcp-generator: one" || len(lines[1]) != maxRecord || lines[2] != "" {
		t.Errorf("%d lines: %.60q", len(lines), lines)
	}
}

// TestProgram: it ends well, whatever it is given.
func TestProgram(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		env  string
	}{
		{nil, ""}, {[]string{t.TempDir()}, "SYSTEMD_SCOPE=user"}, {[]string{t.TempDir(), "x", "y"}, "SYSTEMD_IN_INITRD=1"},
	} {
		cmd := exec.CommandContext(t.Context(), self, c.args...)
		cmd.Env = append(os.Environ(), "TEST_AS_GENERATOR=1", c.env)
		out, err := cmd.CombinedOutput()
		if err != nil || strings.Contains(string(out), "usage") != (c.args == nil) {
			t.Errorf("%v: %v: %s", c.args, err, out)
		}
	}
}
