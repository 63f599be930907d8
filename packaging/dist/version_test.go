// SPDX-License-Identifier: MIT

package main

import (
	"debug/buildinfo"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// repository is a git repository with a program in it.
type repository struct {
	t   *testing.T
	dir string
}

func (r *repository) run(name string, args ...string) string {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), name, args...)
	cmd.Dir = r.dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GOFLAGS=-buildvcs=true", "GOWORK=off",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com",
		// Far enough from UTC that the date differs.
		"GIT_AUTHOR_DATE=2026-03-04T23:30:00-0800", "GIT_COMMITTER_DATE=2026-03-04T23:30:00-0800", "TZ=America/Los_Angeles")
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *repository) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// TestVersion holds packaging/version against what the Go toolchain stamps into
// a binary of the same checkout.
func TestVersion(t *testing.T) {
	script, err := filepath.Abs("../version")
	if err != nil {
		t.Fatal(err)
	}
	r := &repository{t: t, dir: t.TempDir()}
	r.write("go.mod", "module example.com/m\n")
	r.write("main.go", "package main\n\nfunc main() {}\n")
	if got := r.run(script); got != "" {
		t.Errorf("outside a checkout: got %q, want nothing", got)
	}
	r.run("git", "init", "--quiet")
	commit := func() {
		r.run("git", "add", ".")
		r.run("git", "commit", "--quiet", "--allow-empty", "--message", "x")
	}
	tag := func(name string) func() { return func() { r.run("git", "tag", name) } }
	steps := []struct {
		name string
		do   func()
		want string // what it begins with
	}{
		{"no tag", commit, "0.0.0-20260305073000-"},
		{"changes", func() { r.write("other.go", "package main\n") }, "0.0.0-20260305073000-"},
		{"a tag that is no version", func() { commit(); r.run("git", "tag", "v1"); r.run("git", "tag", "vault-1.2.3") }, "0.0.0-20260305073000-"},
		{"a candidate", tag("v0.9.0-rc.1"), "0.9.0-rc.1"},
		{"after the candidate", commit, "0.9.0-rc.1.0.20260305073000-"},
		{"the release", tag("v0.9.0"), "0.9.0"},
		{"after the release", commit, "0.9.1-0.20260305073000-"},
		{"a release with two digits", tag("v0.10.9"), "0.10.9"},
		{"after that", commit, "0.10.10-0.20260305073000-"},
		{"changes after that", func() { r.write("main.go", "package main\n\nfunc main() { return }\n") }, "0.10.10-0.20260305073000-"},
	}
	for _, s := range steps {
		s.do()
		got := r.run(script)
		binary := filepath.Join(t.TempDir(), "m")
		r.run("go", "build", "-o", binary, ".")
		info, err := buildinfo.ReadFile(binary)
		if err != nil {
			t.Fatal(err)
		}
		if want := strings.TrimPrefix(info.Main.Version, "v"); got != want {
			t.Errorf("%s: got %q, want what the toolchain says, %q", s.name, got, want)
		}
		if !strings.HasPrefix(got, s.want) {
			t.Errorf("%s: got %q, want %q...", s.name, got, s.want)
		}
		if !versions.MatchString(got) {
			t.Errorf("%s: got %q, which a release does not take", s.name, got)
		}
	}
}
