// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestNpm: of npx the program is started that it would run, where that is installed, and
// npx itself only where nothing confines it.
func TestNpm(t *testing.T) {
	packages, credentials, folder, bin := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	dir := filepath.Join(packages, "files", "node_modules", "@a", "server")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "package.json"), `{"version": "1.2.3", "bin": "run.js"}`)
	npx := filepath.Join(bin, "npx")
	put(t, npx, "#!/bin/sh\n")
	if err := os.Chmod(npx, 0o700); err != nil {
		t.Fatal(err)
	}
	entry := func(spec string) string {
		return `{"command": "npx", "args": ["-y", "` + spec + `", "/srv/a b"], "env": {"PATH": "` + bin + `"}}`
	}
	confined := map[string]string{"CREDENTIALS_DIRECTORY": credentials}
	unconfined := map[string]string{"TAILSCALE_MCP_SERVERS": folder, "TAILSCALE_MCP_SERVERS_UNCONFINED": "true"}
	withCredentials := map[string]string{"TAILSCALE_MCP_SERVERS": folder, "TAILSCALE_MCP_SERVERS_UNCONFINED": "true", "CREDENTIALS_DIRECTORY": t.TempDir()}
	for _, c := range []struct {
		name, spec string
		env        map[string]string
		path       string
		argv       []string
		failed     string
	}{
		{"installed", "@a/server@1.2.3", confined, dir + "/run.js", []string{dir + "/run.js", "/srv/a b"}, ""},
		{"another version", "@a/server@1.2.4", confined, "", nil, "server files: @a/server@1.2.4: there is 1.2.3, and it is not installed: run tailscale-mcp server apply"},
		{"not installed", "@a/other@1.2.3", confined, "", nil, "server files: @a/other: it is not installed: run tailscale-mcp server apply"},
		{"not understood", "./here", confined, "", nil, "server files: this is no package of the registry: write NAME@VERSION, or install the server by hand and name its program"},
		{"unconfined, installed", "@a/server@1.2.3", unconfined, dir + "/run.js", []string{dir + "/run.js", "/srv/a b"}, ""},
		{"unconfined, with credentials", "@a/other@1.2.3", withCredentials, npx, []string{"npx", "-y", "@a/other@1.2.3", "/srv/a b"}, ""},
		{"unconfined", "@a/other@1.2.3", unconfined, npx, []string{"npx", "-y", "@a/other@1.2.3", "/srv/a b"}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			put(t, filepath.Join(credentials, "server.json"), entry(c.spec))
			put(t, filepath.Join(folder, "files.json"), entry(c.spec))
			p, err := load("files", packages, func(key string) string { return c.env[key] })
			if c.failed != "" {
				if err == nil || err.Error() != c.failed {
					t.Errorf("got  %v\nwant %s", err, c.failed)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer p.clean()
			if d := cmp.Diff(c.argv, p.argv); d != "" || p.path != c.path || !strings.Contains(strings.Join(p.env, " "), "PATH="+bin) {
				t.Errorf("%s, %q %s", p.path, p.env, d)
			}
		})
	}
}
