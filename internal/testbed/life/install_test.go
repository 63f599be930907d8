// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// atOnce is what a step of apt may take that waits for nothing. A device is waited for 90 seconds.
const atOnce = time.Minute

// install installs the newest version from a repository, and returns how long the package itself took of that.
func (l *life) install(ctx context.Context, t *testing.T, r release) time.Duration {
	t.Helper()
	must(t, l.host.AptUpdate(ctx, r.repo))
	began := time.Now()
	must(t, l.host.AptGet(ctx, "install", pkg))
	took := time.Since(began)
	if took > atOnce {
		t.Errorf("installing took %v, want at most %v", took, atOnce)
	}
	if got := l.run(ctx, t, "dpkg-query", "--show", "--showformat=${Version}", pkg); got != r.version {
		t.Errorf("installed: got version %s, want %s", got, r.version)
	}
	return took
}

// installBefore installs on a host that has no tailscale: the socket is enabled, waits for the device, and nothing fails.
func (l *life) installBefore(ctx context.Context, t *testing.T) string {
	must(t, l.host.AptUpdate(ctx, l.old.repo))
	l.before = l.files(ctx, t)
	took := l.install(ctx, t, l.old)
	l.is(ctx, t, socket, "enabled/inactive")
	l.is(ctx, t, service, "disabled/inactive")
	l.noneFailed(ctx, t)
	if jobs := l.run(ctx, t, "systemctl", "list-jobs", "--no-legend"); jobs != "" {
		t.Errorf("jobs after the installation: %s", jobs)
	}
	return fmt.Sprintf("apt took %.1f s, socket enabled and inactive", took.Seconds())
}

// loggedOut has tailscale come to a host that has the package.
func (l *life) loggedOut(ctx context.Context, t *testing.T) string {
	began := time.Now()
	must(t, l.host.InstallTailscale(ctx))
	l.becomes(ctx, t, socket, "enabled/active")
	took := time.Since(began)
	l.systemctl(ctx, t, "start", service)
	status := l.says(ctx, t, "logged out")
	l.is(ctx, t, service, "disabled/active")
	l.idle(ctx, t)
	l.noneFailed(ctx, t)
	must(t, l.host.Join(ctx))
	peer, err := l.host.Peer(ctx, testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"})
	must(t, err)
	l.peer = peer
	return fmt.Sprintf("socket active %.1f s after tailscaled was installed; service active, %q", took.Seconds(), status)
}

// firstRequest finds the service not running, and is what starts it.
func (l *life) firstRequest(ctx context.Context, t *testing.T) string {
	l.is(ctx, t, socket, "enabled/active")
	l.is(ctx, t, service, "disabled/inactive")
	listening := l.run(ctx, t, "ss", "-Hltn", "sport = :8080")
	began := time.Now()
	a, err := l.call(ctx, "whoami")
	took := time.Since(began)
	if err != nil || !strings.Contains(a.text, "alice@example.com") {
		t.Errorf("the first request: got %+v, %v; want whoami to say alice@example.com", a, err)
	}
	l.is(ctx, t, service, "disabled/active")
	return fmt.Sprintf("answered after %d ms, by the service that it started; %s", took.Milliseconds(), strings.Join(strings.Fields(listening), " "))
}

// installAfter installs on a host that is in the tailnet: it serves at once.
func (l *life) installAfter(ctx context.Context, t *testing.T) string {
	took := l.install(ctx, t, l.new)
	l.is(ctx, t, socket, "enabled/active")
	answered := l.answered(ctx, t)
	l.noneFailed(ctx, t)
	return fmt.Sprintf("apt took %.1f s, the first request was answered after %d ms", took.Seconds(), answered.Milliseconds())
}
