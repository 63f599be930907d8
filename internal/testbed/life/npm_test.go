// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const (
	files     = "files"
	filesSpec = "@modelcontextprotocol/server-filesystem@2026.8.31"
	npmFolder = "/usr/lib/node_modules/npm"
)

// npmAdded adds a server of the registry, which is installed once; afterwards it runs without a network.
func (b *behind) npmAdded(ctx context.Context, t *testing.T) string {
	registry := b.bringNode(ctx, t)
	must(t, b.host.Write(ctx, "/srv/docs/hello.txt", "good morning", 0o644))
	must(t, b.host.Write(ctx, "/srv/secret.txt", "nobody's", 0o644))
	b.grant(ctx, t, `{"tools":["`+notes+`/read:*","`+files+`/read_*"]}`)
	began := time.Now()
	said := b.run(ctx, t, "tailscale-mcp", "server", "add", files, "--yes", "--suggested", "--read", "/srv/docs", "--",
		"npx", "-y", filesSpec, "/srv/docs")
	adding := time.Since(began)
	must(t, registry.Close()) // starts need no network
	if !strings.Contains(said, "read_text_file") {
		t.Errorf("server add does not show its tools:\n%s", said)
	}
	read := func(path, want string) time.Duration {
		_, took := b.answersOf(ctx, t, files, "read_text_file", map[string]any{"path": path}, want)
		return took
	}
	first := read("/srv/docs/hello.txt", "good morning")
	total := time.Since(began)
	warm := read("/srv/docs/hello.txt", "good morning")
	for tool, arguments := range map[string]map[string]any{
		"read_text_file": {"path": "/srv/secret.txt"}, // outside what it sees
		"write_file":     {"path": "/srv/docs/hello.txt", "content": "x"},
		"directory_tree": {"path": "/srv/docs"}, // not granted
	} {
		a, err := callOf(ctx, b.peer, b.address(), files, tool, arguments)
		if err != nil || a.status == http.StatusOK && !a.refused && !strings.Contains(a.text, `"error"`) {
			t.Errorf("%s with %v: got %+v, %v, want an error", tool, arguments, a, err)
		}
	}
	b.noneFailed(ctx, t)
	return fmt.Sprintf("server add %d ms (npm install in it), to the first granted answer %d ms in all, the cold call %d ms of it; warm %d ms",
		adding.Milliseconds(), total.Milliseconds(), first.Milliseconds(), warm.Milliseconds())
}

// bringNode puts this machine's Node.js and npm on the host, and has its npm ask this machine for packages. Where there is
// no npm, or no registry, t is skipped, or with TEST_REQUIRE_TOOLS fails.
func (b *behind) bringNode(ctx context.Context, t *testing.T) *http.Server {
	t.Helper()
	without := func(err error) {
		if os.Getenv("TEST_REQUIRE_TOOLS") != "" {
			t.Fatalf("TEST_REQUIRE_TOOLS is set, but %v", err)
		}
		t.Skipf("SKIPPED, no server from npm: %v (TEST_REQUIRE_TOOLS makes this a failure)", err)
	}
	node, err := exec.LookPath("node")
	if err != nil {
		without(err)
	}
	cli, err := exec.LookPath("npm")
	if err != nil {
		without(err)
	}
	if cli, err = filepath.EvalSymlinks(cli); err != nil || filepath.Base(filepath.Dir(cli)) != "bin" {
		without(fmt.Errorf("npm is %s, which is not in its package (%v)", cli, err))
	}
	out, err := exec.CommandContext(ctx, "npm", "config", "get", "registry").Output()
	if err != nil {
		without(fmt.Errorf("asking npm for its registry: %w", err))
	}
	registry, err := url.Parse(strings.TrimSpace(string(out)))
	must(t, err)
	if res, err := http.Get(registry.JoinPath("@modelcontextprotocol/server-filesystem").String()); err != nil {
		without(err)
	} else if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		without(fmt.Errorf("%s answers %s", registry, res.Status))
	}

	bin := t.TempDir()
	text, err := os.ReadFile(node)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(bin, "node"), text, 0o755))
	must(t, b.host.CopyDir(ctx, bin, "/usr/bin"))
	must(t, b.host.CopyDir(ctx, filepath.Dir(filepath.Dir(cli)), npmFolder))
	b.run(ctx, t, "ln", "-s", npmFolder+"/bin/npm-cli.js", "/usr/bin/npm")
	b.run(ctx, t, "chmod", "a+x", npmFolder+"/bin/npm-cli.js")

	var listener net.Listener
	must(t, b.host.InNamespace(func() (err error) {
		listener, err = net.Listen("tcp", "127.0.0.1:0")
		return err
	}))
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(registry) }}}
	go server.Serve(listener) //nolint:errcheck // ends with the server
	t.Cleanup(func() { _ = server.Close() })
	must(t, b.host.Write(ctx, npmFolder+"/npmrc", "registry=http://"+listener.Addr().String()+"/\n", 0o644))
	return server
}
