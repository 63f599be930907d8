// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"
)

// The Debian releases that there are trees of.
const (
	Bookworm = "bookworm" // Debian 12, systemd 252
	Trixie   = "trixie"   // Debian 13, systemd 257
)

// treePackages are what a tree has besides debootstrap's minbase.
const treePackages = "systemd,systemd-sysv,udev,dbus,init-system-helpers,iproute2,ca-certificates,gpgv,gnupg,apt"

// bootstrap runs debootstrap, which does not know of the proxy that apt may be told to use.
const bootstrap = `eval "$(apt-config shell http_proxy Acquire::http::Proxy)"; export http_proxy="${http_proxy-}"; exec debootstrap "$@"`

// treeFinish makes the tree $1 one to boot hosts from: without a name, an identity and sources of its own, with a network,
// and without what starts apt behind a test's back. udev is to meet the host's network interfaces, but not the devices of
// the machine.
const treeFinish = `
cd "$1"
rm -rf etc/hostname etc/resolv.conf etc/apt/sources.list var/cache/apt/archives/*.deb var/lib/apt/lists/*
: >etc/machine-id
systemctl --quiet --root=. enable systemd-networkd.service
systemctl --quiet --root=. mask apt-daily.timer apt-daily-upgrade.timer
mkdir -p etc/systemd/system/systemd-udev-trigger.service.d
cat >etc/systemd/system/systemd-udev-trigger.service.d/network-only.conf <<-'END'
	[Service]
	ExecStart=
	ExecStart=udevadm trigger --type=devices --action=add --subsystem-match=net
END
`

// Tree returns the directory of a Debian tree, which nobody may write to. It is made the first time, which takes about a
// minute, and kept in the user's cache directory. Several processes may ask at once: one makes it, the others wait. That is
// announced to progress.
func Tree(ctx context.Context, progress io.Writer, release string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding a place for Debian's %s: %w", release, err)
	}
	cache = filepath.Join(cache, "tailscale-mcp", "debian")
	key := sha256.Sum256([]byte(treePackages + treeFinish))
	tree := filepath.Join(cache, fmt.Sprintf("%s-%x", release, key[:6]))
	if _, err := os.Stat(tree); err == nil {
		return tree, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", fmt.Errorf("making a place for Debian's %s: %w", release, err)
	}
	fmt.Fprintf(progress, "making a tree of Debian's %s, once, unless another process does already\n", release)
	unlock, err := lockedfile.MutexAt(tree + ".lock").Lock()
	if err != nil {
		return "", fmt.Errorf("waiting for Debian's %s: %w", release, err)
	}
	defer unlock()
	if _, err := os.Stat(tree); err == nil {
		return tree, nil // by whoever had the lock
	}
	started := time.Now()
	aside := tree + ".aside" // holding the lock, so what is there is of an interrupted run
	if err := makeTree(ctx, release, aside); err != nil {
		return "", fmt.Errorf("making a tree of Debian's %s: %w", release, err)
	}
	if err := os.Rename(aside, tree); err != nil {
		return "", fmt.Errorf("putting Debian's %s in place: %w", release, err)
	}
	fmt.Fprintf(progress, "made %s in %v\n", tree, time.Since(started).Round(time.Second))
	return tree, nil
}

// makeTree makes a tree from the first repository that has the release.
func makeTree(ctx context.Context, release, dir string) error {
	mirrors, err := mirrors(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, mirror := range mirrors {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		err := run(ctx, "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--", "sh", "-euc", bootstrap,
			"debootstrap", "--variant=minbase", "--include="+treePackages, release, dir, mirror)
		if err == nil {
			return run(ctx, "sh", "-euc", treeFinish, "finish", dir)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, fmt.Errorf("no repository of this machine's apt has it (%d tried); "+
		"where apt has none of Debian's, name one with DEBIAN_MIRROR", len(mirrors)))...)
}

// mirrors are the repositories that this machine's apt is set up with, in its order, or the one of DEBIAN_MIRROR.
func mirrors(ctx context.Context) ([]string, error) {
	if mirror := os.Getenv("DEBIAN_MIRROR"); mirror != "" {
		return []string{mirror}, nil
	}
	// Of the commands that tell, the one that needs no lists to have been fetched.
	out, err := exec.CommandContext(ctx, "apt-get", "update", "--print-uris").Output()
	if err != nil {
		return nil, fmt.Errorf("asking apt for its repositories: %w", err)
	}
	var all []string
	for line := range strings.Lines(string(out)) { // 'URI of the index' name size
		uri, _, ok := strings.Cut(strings.TrimPrefix(line, "'"), "/dists/")
		if ok && !slices.Contains(all, uri) {
			all = append(all, uri)
		}
	}
	return all, nil
}

// run runs a program that is not to outlive this process, which would leave a tree half made with nobody holding the lock.
func run(ctx context.Context, name string, args ...string) error {
	runtime.LockOSThread() // the death signal is for the end of the thread
	defer runtime.UnlockOSThread()
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w; it ended with:\n%s", strings.Join(args, " "), err, lastLines(output.Bytes(), 10))
	}
	return nil
}

// lastLines returns the end of a text.
func lastLines(text []byte, n int) []byte {
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return bytes.Join(lines[max(0, len(lines)-n):], []byte("\n"))
}
