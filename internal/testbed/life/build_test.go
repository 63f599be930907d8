// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"tailscale-mcp/internal/testbed/host"
)

// release is a repository with one version of the package.
type release struct {
	version string // the package's
	dist    string // where the packages are
	repo    host.Repository
}

// root is the module's.
const root = "../../.."

// build has make build the packages of a source tree for this machine, and the repository of them, signed with a key of its
// own.
func build(t *testing.T, source, dir, version string) release {
	t.Helper()
	dist, key := filepath.Join(dir, version), filepath.Join(dir, "key")
	command(t, filepath.Join(source, "packaging", "throwaway-key"), key)
	command(t, "make", "--no-print-directory", "-C", source, "package", "repo", "VERSION="+version, "DIST="+dist, "ARCHES="+packagedFor(),
		"RPM_SIGNING_KEY="+key, "REPO_SIGNING_KEY="+key, "REPO_URL=https://example.com/repo")
	packaged := command(t, filepath.Join(source, "packaging", "package-version"), version)
	return release{version: packaged + "-1", dist: dist, repo: host.Repository{
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

// command runs a program of this machine and returns what it printed.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
