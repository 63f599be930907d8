// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// tailscaledRestarted takes the device away under the socket.
func (l *life) tailscaledRestarted(ctx context.Context, t *testing.T) string {
	must(t, l.host.AcrossRestart(ctx, func() error {
		_, err := l.host.Run(ctx, "systemctl", "restart", "tailscaled")
		return err
	}))
	took := l.answered(ctx, t)
	l.becomes(ctx, t, socket, "enabled/active")
	l.noneFailed(ctx, t)
	return fmt.Sprintf("answered %d ms after the host was back in the tailnet", took.Milliseconds())
}

// tailscaledKilled has tailscaled hit its own start limit. The package must not be what is dead then.
func (l *life) tailscaledKilled(ctx context.Context, t *testing.T) string {
	const kills = 6
	var killing time.Duration
	var down string
	must(t, l.host.AcrossRestart(ctx, func() error {
		l.systemctl(ctx, t, "reset-failed", "tailscaled") // the starts before do not count
		began, last := time.Now(), "0"
		for range kills {
			l.await(ctx, t, func() error {
				if pid := l.show(ctx, t, "tailscaled", "MainPID"); pid == "0" || pid == last {
					return fmt.Errorf("tailscaled has not been started again: its process is %s", pid)
				} else {
					last = pid
				}
				return nil
			})
			l.systemctl(ctx, t, "kill", "--kill-whom=main", "--signal=KILL", "tailscaled.service")
		}
		if killing = time.Since(began); killing > 10*time.Second {
			t.Errorf("killing tailscaled %d times took %v, want less than the 10 seconds of its start limit", kills, killing)
		}
		l.becomes(ctx, t, "tailscaled.service", "enabled/failed")
		down = l.show(ctx, t, socket, "ActiveState") // failed, if it was just being made anew: what counts is that it comes back
		l.systemctl(ctx, t, "reset-failed", "tailscaled")
		l.systemctl(ctx, t, "start", "tailscaled")
		return nil
	}))
	took := l.answered(ctx, t)
	l.becomes(ctx, t, socket, "enabled/active")
	l.noneFailed(ctx, t)
	return fmt.Sprintf("%d times in %.1f s: tailscaled hit its start limit, the socket was %s; reset and started: answered %d ms after the host was back in the tailnet",
		kills, killing.Seconds(), down, took.Milliseconds())
}

// daemonKilled ends the daemon without a word.
func (l *life) daemonKilled(ctx context.Context, t *testing.T) string {
	l.answered(ctx, t)
	before := l.show(ctx, t, service, "MainPID")
	l.systemctl(ctx, t, "kill", "--signal=KILL", service)
	took := l.answered(ctx, t)
	if after := l.show(ctx, t, service, "MainPID"); after == before {
		t.Errorf("the process after the kill: got %s as before", after)
	}
	l.noneFailed(ctx, t)
	return fmt.Sprintf("answered after %.1f s, by another process", took.Seconds())
}

// daemonStopped has the daemon hang. A watchdog that is faster than the one that is shipped finds it.
func (l *life) daemonStopped(ctx context.Context, t *testing.T) string {
	const dropIns = "/etc/systemd/system/tailscale-mcp.service.d"
	shipped := l.show(ctx, t, service, "WatchdogUSec")
	defer l.host.Run(ctx, "rm", "-rf", dropIns)
	must(t, l.host.Write(ctx, dropIns+"/watchdog.conf", "[Service]\nWatchdogSec=2s\n", 0o644))
	l.systemctl(ctx, t, "daemon-reload")
	l.systemctl(ctx, t, "restart", service)
	l.answered(ctx, t)
	pid := l.show(ctx, t, service, "MainPID")
	l.systemctl(ctx, t, "kill", "--signal=STOP", service)
	l.await(ctx, t, func() error {
		status, err := l.host.Run(ctx, "cat", "/proc/"+pid+"/status")
		if err == nil && !strings.Contains(status, "State:\tT") { // else it has been ended already
			return errors.New("the daemon goes on")
		}
		return nil
	})
	took := l.answered(ctx, t)
	l.await(ctx, t, func() error {
		if l.journalled(ctx, t, "Watchdog timeout") == 0 {
			return errors.New("the journal does not say that the watchdog has ended the daemon")
		}
		return nil
	})
	l.run(ctx, t, "rm", "-r", dropIns)
	l.systemctl(ctx, t, "daemon-reload")
	l.systemctl(ctx, t, "restart", service)
	l.answered(ctx, t)
	l.noneFailed(ctx, t)
	return fmt.Sprintf("WatchdogSec=2s (shipped: %s): the call that met the hanging daemon was answered after %.1f s", shipped, took.Seconds())
}

// addressChanges gives the host another address in the tailnet.
func (l *life) addressChanges(ctx context.Context, t *testing.T) string {
	old, now := l.host.Node.IPv4(), netip.MustParseAddr("100.64.9.9")
	must(t, l.host.Tailnet.SetAddress(ctx, l.host.Node, now))
	took := l.answered(ctx, t)
	dialing, stop := context.WithTimeout(ctx, time.Second) // what is sent there is dropped, and nothing but time shows that
	defer stop()
	if conn, err := l.peer.Dial(dialing, "tcp", netip.AddrPortFrom(old, 8080).String()); err == nil {
		conn.Close()
		t.Errorf("the old address %v still answers", old)
	}
	return fmt.Sprintf("from %v to %v: answered after %d ms", old, now, took.Milliseconds())
}
