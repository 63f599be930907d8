// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/host"
)

// before is the commit whose packages are upgraded from: the last one to which the section "Upgrading" of the changelog
// applies as a whole. Its configuration, drop-ins and grants are somebody's.
const before = "b27ff2daddfa2e6ff9a9c580b9a890b886aafba8"

// TestHostUpgradeFromBefore has hosts with the packages of before, used, upgraded to those of this tree while they are called.
// Every drop-in of before is on one of them.
func TestHostUpgradeFromBefore(t *testing.T) {
	host.RequireHost(t)
	requireHistory(t)
	dir := t.TempDir()
	source := filepath.Join(dir, "before")
	checkout(t, source)
	old := build(t, source, dir, command(t, "env", "--chdir="+source, "packaging/version"))
	now := build(t, root, dir, "1.1.0")
	seen, placed := &table{}, map[string]bool{}
	t.Cleanup(func() { t.Logf("the upgrade from before:\n%s", seen) })
	on := func(kind string, opts host.Options, network bool, by func(*used) installer) {
		t.Run(kind, func(t *testing.T) {
			opts.Tailscale, opts.Node = true, testbed.NodeOptions{Name: "server", Tags: []string{"tag:mcp"}}
			l := &life{host: host.Boot(t, opts), old: old, new: now, kind: kind, port: "8080", table: seen}
			u := &used{life: l, source: source, network: network}
			u.installer = by(u)
			u.live(t)
			for _, d := range u.dropIns {
				placed[d] = true
			}
		})
	}
	deb := func(u *used) installer { return byDeb{u.life} }
	rpm := func(u *used) installer { return byRPM{u.life} }
	on("deb,udev=true", host.Options{Release: host.Trixie, Udev: true}, true, deb)
	on("deb,udev=false,no network", host.Options{Release: host.Bookworm}, false, deb)
	on("rpm,udev=true", host.Options{Release: host.Bookworm, Udev: true}, true, rpm)
	for _, d := range examples(t, source) {
		if !placed[d] {
			t.Errorf("the drop-in %s of before was on no host", d)
		}
	}
}

// requireHistory skips t where the history does not reach back to before, or fails it if the environment says
// TEST_REQUIRE_ROOT=1.
func requireHistory(t *testing.T) {
	t.Helper()
	err := wantingHistory(t.Context(), root)
	switch {
	case err == nil:
	case os.Getenv("TEST_REQUIRE_ROOT") == "1":
		t.Fatalf("TEST_REQUIRE_ROOT=1, but %v", err)
	default:
		t.Skipf("SKIPPED: %v (TEST_REQUIRE_ROOT=1 makes this a failure)", err)
	}
}

// wantingHistory reports why the packages of before cannot be built from the checkout in dir.
func wantingHistory(ctx context.Context, dir string) error {
	out, err := exec.CommandContext(ctx, "git", "-C", dir, "cat-file", "-e", before+"^{commit}").CombinedOutput()
	if err != nil {
		return fmt.Errorf("the packages of commit %.7s cannot be built, which is not in the history here (a shallow clone needs "+
			"git fetch --unshallow; a tarball has none): %w: %s", before, err, bytes.TrimSpace(out))
	}
	return nil
}

// TestBeforeIsMissed: a checkout without that commit is told from one with it.
func TestBeforeIsMissed(t *testing.T) {
	dir := t.TempDir()
	if err := wantingHistory(t.Context(), dir); err == nil {
		t.Error("a folder that is no checkout: got no error")
	}
	command(t, "git", "init", "--quiet", dir)
	if err := wantingHistory(t.Context(), dir); err == nil {
		t.Error("a checkout with another history: got no error")
	}
}

// checkout makes dir a checkout of before. Nothing of it is entered in the repository here, as a worktree would be.
func checkout(t *testing.T, dir string) {
	t.Helper()
	command(t, "git", "clone", "--quiet", "--shared", "--no-checkout", root, dir)
	command(t, "git", "-C", dir, "checkout", "--quiet", "--detach", before)
}
