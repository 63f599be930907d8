// SPDX-License-Identifier: MIT

package npm

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for line, want := range map[string]Run{
		"npx -y @modelcontextprotocol/server-filesystem@2026.8.31 /srv/docs": {"@modelcontextprotocol/server-filesystem", "2026.8.31", "", []string{"/srv/docs"}},
		"/usr/bin/npx server":                            {"server", "", "", []string{}},
		"npm exec --yes -- server@latest --help":         {"server", "latest", "", []string{"--help"}},
		"npm x --package=@a/b@1.2.3-rc.1 tool -p 5":      {"@a/b", "1.2.3-rc.1", "tool", []string{"-p", "5"}},
		"npx -q --prefer-offline -p a@^1.0.0 -- b -- -y": {"a", "^1.0.0", "b", []string{"--", "-y"}},
	} {
		words := strings.Fields(line)
		got, ok, err := Parse(words[0], words[1:])
		if d := cmp.Diff(want, got); d != "" || !ok || err != nil {
			t.Errorf("%s: %v %v %s", line, ok, err, d)
		}
		if pinned := strings.Contains(line, "2026.8.31") || strings.Contains(line, "1.2.3-rc.1"); got.Pinned() != pinned {
			t.Errorf("%s: pinned is %v", line, got.Pinned())
		}
	}
	for _, line := range []string{"node server.js", "npm install x", "npm", "uvx x", "/opt/npx/run x"} {
		words := strings.Fields(line)
		if _, ok, err := Parse(words[0], words[1:]); ok || err != nil {
			t.Errorf("%s: %v %v", line, ok, err)
		}
	}
	for line, want := range map[string]string{
		"npx":                            "it names nothing to run: write npx -y PACKAGE@VERSION",
		"npx -y -p":                      "-p names no package",
		"npx -p a -p b c":                "it names two packages: give one",
		"npx -c run":                     `the option "-c" of npx is not understood here: leave it out, or install the server by hand and name its program`,
		"npx --registry=http://x a":      `the option "--registry" of npx is not understood here: leave it out, or install the server by hand and name its program`,
		"npx -y github:a/b":              "this is no package of the registry: write NAME@VERSION, or install the server by hand and name its program",
		"npx -y ../../x":                 "this is no package of the registry: write NAME@VERSION, or install the server by hand and name its program",
		"npx -y a@npm:b":                 "this is no package of the registry: write NAME@VERSION, or install the server by hand and name its program",
		"npx -y @scope/..":               "this is no package of the registry: write NAME@VERSION, or install the server by hand and name its program",
		"npx -y http://example.com/a.gz": "this is no package of the registry: write NAME@VERSION, or install the server by hand and name its program",
	} {
		words := strings.Fields(line)
		if r, ok, err := Parse(words[0], words[1:]); !ok || err == nil || err.Error() != want {
			t.Errorf("%s: %+v %v\ngot  %v\nwant %s", line, r, ok, err, want)
		}
	}
}

func TestInstalled(t *testing.T) {
	folder := t.TempDir()
	for name, manifest := range map[string]string{
		"@a/one":  `{"version": "1.2.3", "bin": "./dist/index.js"}`,
		"single":  `{"version": "1.0.0", "bin": {"other-name": "run.js"}}`,
		"many":    `{"version": "1.0.0", "bin": {"many": "a.js", "more": "b.js"}}`,
		"others":  `{"version": "1.0.0", "bin": {"x": "a.js", "y": "b.js"}}`,
		"aliases": `{"version": "1.0.0", "bin": {"x": "a.js", "y": "a.js"}}`,
		"library": `{"version": "1.0.0", "main": "x.js"}`,
		"outside": `{"version": "1.0.0", "bin": "../../../etc/x"}`,
		"broken":  `{`,
	} {
		dir := filepath.Join(folder, "node_modules", name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(manifest), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		run          Run
		want, failed string
	}{
		{Run{Package: "@a/one", Version: "1.2.3"}, "@a/one/dist/index.js", ""},
		{Run{Package: "@a/one", Version: "latest"}, "@a/one/dist/index.js", ""},
		{Run{Package: "@a/one", Version: "1.2.4"}, "", "@a/one@1.2.4: there is 1.2.3, and it is not installed: run tailscale-mcp server apply"},
		{Run{Package: "absent"}, "", "absent: it is not installed: run tailscale-mcp server apply"},
		{Run{Package: "single"}, "single/run.js", ""},
		{Run{Package: "many"}, "many/a.js", ""},
		{Run{Package: "many", Program: "more"}, "many/b.js", ""},
		{Run{Package: "aliases"}, "aliases/a.js", ""},
		{Run{Package: "others"}, "", `others has no program "others", but x, y: write npx -y -p others PROGRAM`},
		{Run{Package: "library"}, "", "library has no program: it is not a server for stdio"},
		{Run{Package: "outside"}, "", "the program of outside lies outside the package"},
		{Run{Package: "broken"}, "", "the package.json of broken is not readable: unexpected EOF"},
	} {
		got, err := c.run.Installed(folder)
		if c.failed != "" {
			if err == nil || err.Error() != c.failed || strings.Contains(c.failed, "not installed") != errors.Is(err, ErrNotInstalled) {
				t.Errorf("%+v:\ngot  %v\nwant %s", c.run, err, c.failed)
			}
			continue
		}
		if want := filepath.Join(folder, "node_modules", c.want); got != want || err != nil {
			t.Errorf("%+v: %s, %v", c.run, got, err)
		}
	}
}
