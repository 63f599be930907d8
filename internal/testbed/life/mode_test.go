// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// restartTailscaled restarts tailscaled and waits until the host is back in the tailnet.
func (l *life) restartTailscaled(ctx context.Context, t *testing.T) {
	t.Helper()
	must(t, l.host.AcrossRestart(ctx, func() error {
		_, err := l.host.Run(ctx, "systemctl", "restart", "tailscaled")
		return err
	}))
}

// serviceEnabled is for whoever enables the service: without the socket it binds by itself, and follows tailscaled.
func (l *life) serviceEnabled(ctx context.Context, t *testing.T) string {
	l.systemctl(ctx, t, "enable", "--now", service) // beside the socket
	beside := l.answered(ctx, t)
	l.systemctl(ctx, t, "disable", "--now", socket)
	l.systemctl(ctx, t, "disable", "--now", service)
	l.systemctl(ctx, t, "enable", "--now", service)
	alone := l.answered(ctx, t)
	l.is(ctx, t, socket, "disabled/inactive")
	l.is(ctx, t, service, "enabled/active")
	bound := l.run(ctx, t, "ss", "-Hltn", "sport = :8080")
	if !strings.Contains(bound, l.host.Node.IPv4().String()+":8080") {
		t.Errorf("listening: got %s, want %v", bound, l.host.Node.IPv4())
	}
	l.restartTailscaled(ctx, t)
	after := l.answered(ctx, t)
	l.is(ctx, t, service, "enabled/active")
	l.noneFailed(ctx, t)
	return fmt.Sprintf("answered after %d ms beside the socket, %d ms without it (bound by itself), %d ms after a restart of tailscaled",
		beside.Milliseconds(), alone.Milliseconds(), after.Milliseconds())
}

// userspace has tailscaled make no device, as in a container that has no /dev/net/tun.
func (l *life) userspace(ctx context.Context, t *testing.T) string {
	defaults := l.run(ctx, t, "cat", "/etc/default/tailscaled")
	must(t, l.host.Write(ctx, "/etc/default/tailscaled", strings.Replace(defaults, `FLAGS=""`, `FLAGS="--tun=userspace-networking"`, 1)+"\n", 0o644))
	l.restartTailscaled(ctx, t)
	took := l.answered(ctx, t)
	if _, err := l.host.Run(ctx, "ip", "link", "show", "tailscale0"); err == nil {
		t.Error("there is a device tailscale0, want none")
	}
	l.noneFailed(ctx, t)
	must(t, l.host.Write(ctx, "/etc/default/tailscaled", defaults+"\n", 0o644))
	l.restartTailscaled(ctx, t)
	l.answered(ctx, t)
	return fmt.Sprintf("no device: answered after %d ms", took.Milliseconds())
}

// socketEnabled is the way back.
func (l *life) socketEnabled(ctx context.Context, t *testing.T) string {
	l.systemctl(ctx, t, "disable", "--now", service)
	l.systemctl(ctx, t, "enable", "--now", socket)
	l.becomes(ctx, t, socket, "enabled/active")
	l.is(ctx, t, service, "disabled/inactive")
	took := l.answered(ctx, t)
	l.is(ctx, t, service, "disabled/active")
	l.noneFailed(ctx, t)
	return fmt.Sprintf("socket active; answered after %d ms", took.Milliseconds())
}
