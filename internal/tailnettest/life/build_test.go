// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"tailscale-mcp/internal/tailnettest/host"
)

// release is a repository with one version of the package.
type release struct {
	version string // the package's
	dist    string // where the packages are
	repo    host.Repository
}

// root is the module's.
const root = "../../.."

// build has make build the packages for this machine, and the repository of them, signed with a key of its own.
func build(t *testing.T, dir, version string) release {
	t.Helper()
	dist, key := filepath.Join(dir, version), filepath.Join(dir, "key")
	command(t, filepath.Join(root, "packaging", "throwaway-key"), key)
	command(t, "make", "--no-print-directory", "-C", root, "package", "repo", "VERSION="+version, "DIST="+dist, "ARCHES="+packagedFor(),
		"RPM_SIGNING_KEY="+key, "REPO_SIGNING_KEY="+key, "REPO_URL=https://example.com/repo")
	return release{version: version + "-1", dist: dist, repo: host.Repository{
		Dir:     filepath.Join(dist, "repo", "apt"),
		Suite:   "stable",
		Keyring: filepath.Join(dist, "repo", "tailscale-mcp.gpg"),
	}}
}

// packagedFor is what `make package` calls this machine's architecture.
func packagedFor() string {
	if runtime.GOARCH == "arm" {
		return "arm7"
	}
	return runtime.GOARCH
}

// command runs a program of this machine.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}
