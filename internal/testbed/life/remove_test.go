// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// notOurs are the places where others write while the package lives: apt, the journal, tailscale.
var notOurs = []string{
	"/proc", "/sys", "/dev", "/run", "/tmp", "/var/tmp", "/var/log", "/var/cache/apt", "/var/cache/debconf", "/var/lib/apt", "/srv/apt",
	"/etc/apt", "/usr/share/keyrings", "/usr/sbin/tailscaled", "/usr/bin/tailscale", "/etc/default/tailscaled", "/var/lib/tailscale",
	"/var/cache/tailscale", "/usr/lib/systemd/system/tailscaled.service", "/etc/systemd/system/multi-user.target.wants/tailscaled.service",
	"/var/lib/systemd/random-seed", "/var/lib/systemd/timers", "/var/backups", "/var/lib/dbus", "/etc/.pwd.lock",
}

// files are the host's files, with type, mode and owner. dpkg's own lists are renewed with every package.
func (l *life) files(ctx context.Context, t *testing.T) map[string]string {
	t.Helper()
	args := []string{"/", "-xdev"}
	for _, path := range notOurs {
		args = append(args, "-path", path, "-prune", "-o")
	}
	all := map[string]string{}
	for line := range strings.Lines(l.run(ctx, t, "find", append(args, "-printf", `%y%m %u:%g\t%p\n`)...)) {
		what, path, _ := strings.Cut(strings.TrimSpace(line), "\t")
		all[path] = what
	}
	if len(all) < 1000 || all["/etc/os-release"] == "" {
		t.Fatalf("find shows only %d files", len(all))
	}
	return all
}

// removed takes the package away and leaves what the administrator wrote.
func (l *life) removed(ctx context.Context, t *testing.T) string {
	l.edit(ctx, t, "TAILSCALE_MCP_HOSTNAMES=kept.example.com")
	must(t, l.host.AptGet(ctx, "remove", pkg))
	if text := l.run(ctx, t, "cat", envFile); !strings.Contains(text, "kept.example.com") {
		t.Errorf("%s after the removal: got %q, want what was edited", envFile, text)
	}
	for _, unit := range []string{socket, service} {
		if got := l.show(ctx, t, unit, "ActiveState"); got != "inactive" {
			t.Errorf("%s after the removal: got %s, want it inactive", unit, got)
		}
	}
	if out := l.run(ctx, t, "ss", "-Hltn", "sport = :8080"); out != "" {
		t.Errorf("listening after the removal: %s", out)
	}
	l.noneFailed(ctx, t)
	return envFile + " as edited, nothing runs, nothing listens"
}

// installedAgain finds the configuration of before, and serves.
func (l *life) installedAgain(ctx context.Context, t *testing.T) string {
	took := l.install(ctx, t, l.new)
	l.is(ctx, t, socket, "enabled/active")
	answered := l.answered(ctx, t)
	if text := l.run(ctx, t, "cat", envFile); !strings.Contains(text, "kept.example.com") {
		t.Errorf("%s: got %q, want what was edited", envFile, text)
	}
	return fmt.Sprintf("apt took %.1f s; %s as edited; answered after %d ms", took.Seconds(), envFile, answered.Milliseconds())
}

// purged compares the host's files with those before the package.
func (l *life) purged(ctx context.Context, t *testing.T) string {
	during := l.files(ctx, t)
	must(t, l.host.AptGet(ctx, "purge", pkg))
	after := l.files(ctx, t)
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if was := l.before[path]; was != after[path] {
			t.Errorf("after the purge there is %s %s, before the package there was %q", after[path], path, was)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(l.before)) {
		if after[path] == "" {
			t.Errorf("after the purge there is no %s", path)
		}
	}
	if out := l.run(ctx, t, "systemctl", "list-units", "--all", "--plain", "--no-legend", "tailscale-mcp*"); out != "" {
		t.Errorf("units after the purge: %s", out)
	}
	return fmt.Sprintf("%d files as before the package (with it: %d)", len(after), len(during))
}
