// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// Where this machine's rpm is put on the host, which has none: the program with its libraries, beside those of the host.
const (
	rpmDir    = "/opt/rpm"
	rpmConfig = "/usr/lib/rpm"
)

// liveByRPM has rpm install, upgrade and erase the package on a host that runs systemd, with Fedora's policy that nothing is
// enabled unasked. What else an rpm system has, SELinux and systemd's own helper for scriptlets, is not there.
func (l *life) liveByRPM(t *testing.T) {
	peer, err := l.host.Peer(t.Context(), testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"})
	must(t, err)
	l.peer = peer
	l.bringRPM(t.Context(), t)
	l.row(t, "installed", l.rpmInstalled)
	l.row(t, "upgraded while clients call", l.rpmUpgraded)
	l.row(t, "erased", l.rpmErased)
}

// bringRPM puts this machine's rpm, and the packages, on the host.
func (l *life) bringRPM(ctx context.Context, t *testing.T) {
	t.Helper()
	program, err := exec.LookPath("rpm")
	must(t, err)
	libraries, err := exec.CommandContext(ctx, "ldd", program).Output()
	must(t, err)
	from := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(from, "lib"), 0o755))
	bring := func(path, to string) {
		text, err := os.ReadFile(path)
		must(t, err)
		must(t, os.WriteFile(filepath.Join(from, to), text, 0o755))
	}
	bring(program, "rpm")
	for word := range strings.FieldsSeq(string(libraries)) {
		if filepath.IsAbs(word) {
			bring(word, "lib/"+filepath.Base(word))
		}
	}
	for name, r := range map[string]release{"old.rpm": l.old, "new.rpm": l.new} {
		found, err := filepath.Glob(filepath.Join(r.dist, "tailscale-mcp-[0-9]*.rpm"))
		must(t, err)
		if len(found) != 1 {
			t.Fatalf("packages in %s: got %v, want one", r.dist, found)
		}
		bring(found[0], name)
	}
	must(t, l.host.CopyDir(ctx, from, rpmDir))
	must(t, l.host.CopyDir(ctx, rpmConfig, rpmConfig))
	must(t, l.host.Write(ctx, "/etc/systemd/system-preset/99-default-disable.preset", "disable *\n", 0o644))
}

// rpm runs rpm on the host. What is installed by dpkg it does not know of, and Debian's rpm wants to be told twice.
func (l *life) rpm(ctx context.Context, args ...string) (string, error) {
	loader := "ld-linux-x86-64.so.2"
	if _, err := l.host.Run(ctx, "test", "-e", rpmDir+"/lib/"+loader); err != nil {
		loader = "ld-linux-aarch64.so.1"
	}
	return l.host.Run(ctx, rpmDir+"/lib/"+loader,
		append([]string{"--library-path", rpmDir + "/lib", rpmDir + "/rpm", "--force-debian", "--nodeps"}, args...)...)
}

// rpmInstalled starts nothing unasked, and serves when the socket is enabled.
func (l *life) rpmInstalled(ctx context.Context, t *testing.T) string {
	l.before = l.files(ctx, t)
	_, err := l.rpm(ctx, "--install", rpmDir+"/old.rpm")
	must(t, err)
	l.is(ctx, t, socket, "disabled/inactive")
	l.is(ctx, t, service, "disabled/inactive")
	l.systemctl(ctx, t, "enable", "--now", socket)
	took := l.answered(ctx, t)
	l.noneFailed(ctx, t)
	return fmt.Sprintf("nothing enabled, nothing started; enable --now %s: answered after %d ms", socket, took.Milliseconds())
}

func (l *life) rpmUpgraded(ctx context.Context, t *testing.T) string {
	undo := l.edit(ctx, t, "TAILSCALE_MCP_HOSTNAMES=kept.example.com")
	defer undo()
	seen := l.upgradeWhileCalled(ctx, t, 300*time.Millisecond, func() error { _, err := l.rpm(ctx, "--upgrade", rpmDir+"/new.rpm"); return err })
	l.is(ctx, t, socket, "enabled/active")
	if text := l.run(ctx, t, "cat", envFile); !strings.Contains(text, "kept.example.com") {
		t.Errorf("%s after the upgrade: got %q, want what was edited", envFile, text)
	}
	return seen
}

// rpmErased leaves nothing that runs, is enabled or is in the way.
func (l *life) rpmErased(ctx context.Context, t *testing.T) string {
	_, err := l.rpm(ctx, "--erase", pkg)
	must(t, err)
	var left []string
	for path := range l.files(ctx, t) {
		if strings.Contains(path, pkg) && l.before[path] == "" {
			left = append(left, path)
		}
	}
	if len(left) > 0 {
		t.Errorf("left after erasing: %v", left)
	}
	for _, unit := range []string{socket, service} {
		if got := l.show(ctx, t, unit, "ActiveState"); got != "inactive" {
			t.Errorf("%s after erasing: got %s, want it inactive", unit, got)
		}
	}
	if out := l.run(ctx, t, "ss", "-Hltn", "sport = :8080"); out != "" {
		t.Errorf("listening after erasing: %s", out)
	}
	return "no file, no link, nothing runs, nothing listens"
}
