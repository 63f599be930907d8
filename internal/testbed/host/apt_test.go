// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostInstallsPackages has apt install and upgrade a package from a signed repository, and refuse one that is not.
func TestHostInstallsPackages(t *testing.T) {
	for _, release := range []string{Bookworm, Trixie} {
		t.Run(release, func(t *testing.T) {
			ctx := t.Context()
			h := Boot(t, Options{Release: release})
			dir := t.TempDir()
			repo := Repository{Dir: filepath.Join(dir, "apt"), Keyring: filepath.Join(dir, "key.asc")}
			sign := newSigner(t, repo.Keyring)

			publish(t, repo.Dir, "1.0")
			if err := h.AptInstall(ctx, repo, "hello-unit"); err == nil || !strings.Contains(err.Error(), "not signed") {
				t.Errorf("installing from a repository without a signature: got error %v, want one that says so", err)
			}
			sign(repo.Dir)
			must(t, h.AptInstall(ctx, repo, "hello-unit"))
			if out, err := h.Run(ctx, "systemctl", "is-active", "hello-unit"); err != nil {
				t.Errorf("the unit of the installed package: got %q, %v; want it active", out, err)
			}

			must(t, h.Write(ctx, "/etc/hello-unit", "edited\n", 0o644))
			publish(t, repo.Dir, "2.0")
			sign(repo.Dir)
			must(t, h.AptInstall(ctx, repo, "hello-unit"))
			out, err := h.Run(ctx, "dpkg-query", "--show", "--showformat=${Version}", "hello-unit")
			if err != nil || out != "2.0" {
				t.Errorf("after the upgrade: got version %q, %v; want 2.0", out, err)
			}
			if out, err := h.Run(ctx, "cat", "/etc/hello-unit"); err != nil || out != "edited" {
				t.Errorf("the edited configuration after the upgrade: got %q, %v", out, err)
			}
			must(t, h.AptGet(ctx, "purge", "hello-unit"))
			if out, err := h.Run(ctx, "ls", "/etc/hello-unit"); err == nil {
				t.Errorf("after a purge: got %s, want it gone", out)
			}
		})
	}
}

// publish makes dir a flat repository of one package with a unit.
func publish(t *testing.T, dir, version string) {
	t.Helper()
	must(t, os.RemoveAll(dir))
	must(t, os.MkdirAll(dir, 0o755))
	control := "Package: hello-unit\nVersion: " + version + "\nArchitecture: all\nMaintainer: none <none@example.com>\nDescription: a unit\n"
	tree := t.TempDir()
	for path, text := range map[string]string{
		"DEBIAN/control":   control,
		"DEBIAN/conffiles": "/etc/hello-unit\n",
		"DEBIAN/postinst":  "#!/bin/sh\nset -e\ndeb-systemd-helper enable hello-unit.service\nsystemctl daemon-reload\ndeb-systemd-invoke start hello-unit.service\n",
		"etc/hello-unit":   "as shipped by " + version + "\n",
		"usr/lib/systemd/system/hello-unit.service": "[Service]\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n",
	} {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(tree, path)), 0o755))
		must(t, os.WriteFile(filepath.Join(tree, path), []byte(text), 0o644))
	}
	must(t, os.Chmod(filepath.Join(tree, "DEBIAN", "postinst"), 0o755))
	deb := filepath.Join(dir, "hello-unit.deb")
	command(t, "dpkg-deb", "--root-owner-group", "--build", tree, deb)
	text, err := os.ReadFile(deb)
	must(t, err)
	packages := fmt.Sprintf("%sFilename: ./hello-unit.deb\nSize: %d\nSHA256: %x\n", control, len(text), sha256.Sum256(text))
	must(t, os.WriteFile(filepath.Join(dir, "Packages"), []byte(packages), 0o644))
	release := fmt.Sprintf("Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n %x %d Packages\n", sha256.Sum256([]byte(packages)), len(packages))
	must(t, os.WriteFile(filepath.Join(dir, "Release"), []byte(release), 0o644))
}

// newSigner makes a key, writes its public part to a file, and returns what signs a repository with it.
func newSigner(t *testing.T, keyring string) func(dir string) {
	t.Helper()
	home := t.TempDir()
	t.Cleanup(func() {
		_ = exec.CommandContext(context.Background(), "gpgconf", "--homedir", home, "--kill", "all").Run() // its agent ends by itself, later
	})
	gpg := func(args ...string) {
		command(t, "gpg", append([]string{"--homedir", home, "--batch", "--yes"}, args...)...)
	}
	gpg("--passphrase", "", "--quick-generate-key", "throwaway", "ed25519", "sign")
	gpg("--armor", "--output", keyring, "--export")
	return func(dir string) {
		gpg("--output", filepath.Join(dir, "InRelease"), "--clearsign", filepath.Join(dir, "Release"))
	}
}

// command runs a program of this machine.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
}
