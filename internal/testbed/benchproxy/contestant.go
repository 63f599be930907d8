// SPDX-License-Identifier: MIT

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"tailscale-mcp/internal/testbed/benchproxy/peers"
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
		fromNpm, err := install(ctx, progress)
		if err != nil {
			return nil, err
		}
		for _, p := range fromNpm {
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

// install installs the proxies that npm has.
func install(ctx context.Context, progress io.Writer) ([]contestant, error) {
	in, err := peers.Install(ctx, progress)
	if err != nil {
		return nil, err
	}
	remote, err1 := in.Released(mcpRemote)
	gateway, err2 := in.Released(supergateway)
	return []contestant{
		{remote, func(url string) []string {
			return in.Command(mcpRemote+"/dist/proxy.js", url, "--transport", "http-only", "--silent")
		}},
		{gateway, func(url string) []string {
			return in.Command(supergateway+"/dist/index.js", "--streamableHttp", url, "--logLevel", "none")
		}},
	}, errors.Join(err1, err2)
}
