// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"tailscale-mcp/internal/testbed/launching"
	"tailscale-mcp/internal/testbed/running"
)

// host is where the servers behind the daemon are.
type host struct {
	*launching.Host

	module string // the root of this module
}

func (st *stage) newHost(ctx context.Context) (*host, error) {
	gomod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, err
	}
	if err := launching.Build(ctx, st.dir); err != nil {
		return nil, err
	}
	// The path of a socket has little room.
	dir, err := os.MkdirTemp("", "mcp")
	if err != nil {
		return nil, err
	}
	return &host{launching.New(dir, st.dir), filepath.Dir(strings.TrimSpace(string(gomod)))}, nil
}

// Close ends what runs of the servers; the daemon has to have ended.
func (h *host) Close() error {
	h.Wait()
	return os.RemoveAll(h.Dir)
}

// add writes an entry and listens, as `tailscale-mcp server add` has systemd do.
func (h *host) add(name string, e launching.Entry) error {
	if err := h.Write(name, e); err != nil {
		return err
	}
	return h.Listen(name)
}

// approve runs the command that approves what a server shows, and returns what it says.
func (st *stage) approve(ctx context.Context, name string) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(st.dir, running.Server), "server", "approve", name, "--suggested", "--yes")
	cmd.Env = append(st.host.Environ(), "PATH="+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("approving %s: %w: %s", name, err, out)
	}
	return string(out), nil
}

// errMissing is why a server cannot be shown on this machine.
var errMissing = errors.New("not on this machine")

// filesystem is the entry of the server that gives a folder, installed with npm.
func (h *host) filesystem(ctx context.Context, folder string) (launching.Entry, error) {
	for _, tool := range []string{"npm", "node"} {
		if err := need(tool); err != nil {
			return launching.Entry{}, err
		}
	}
	node, _ := exec.LookPath("node")
	install := exec.CommandContext(ctx, filepath.Join(h.module, "internal/testbed/story/npm/install"))
	install.Stderr = os.Stderr
	modules, err := install.Output()
	if err != nil {
		return launching.Entry{}, fmt.Errorf("installing the server with npm: %w", err)
	}
	program := filepath.Join(strings.TrimSpace(string(modules)), "@modelcontextprotocol", "server-filesystem", "dist", "index.js")
	return launching.Entry{Command: node, Args: []string{program, folder}}, nil
}

// example copies the example in Python to where it can be changed, and returns its entry.
func (h *host) example() (launching.Entry, string, error) {
	if err := need("python3"); err != nil {
		return launching.Entry{}, "", err
	}
	python := "/usr/bin/python3" // others in PATH may need the home of a person
	if _, err := os.Stat(python); err != nil {
		python, _ = exec.LookPath("python3")
	}
	text, err := os.ReadFile(filepath.Join(h.module, "packaging/doc/examples/notes.py"))
	if err != nil {
		return launching.Entry{}, "", err
	}
	file := filepath.Join(h.Dir, "notes.py")
	return launching.Entry{
		Command: python, Args: []string{file}, Ours: json.RawMessage(`{"pass":["` + notes + `"]}`),
	}, file, os.WriteFile(file, text, 0o600)
}

// need says that a tool is missing; where all must be there, that is an error.
func need(tool string) error {
	if _, err := exec.LookPath(tool); err == nil {
		return nil
	}
	if os.Getenv("TEST_REQUIRE_TOOLS") != "" {
		return fmt.Errorf("%s is not installed, and TEST_REQUIRE_TOOLS is set", tool)
	}
	return fmt.Errorf("%w: %s", errMissing, tool)
}
