// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// disabledUpgraded has an administrator who wants the package but not the service.
func (l *life) disabledUpgraded(ctx context.Context, t *testing.T) string {
	l.systemctl(ctx, t, "disable", "--now", socket, service)
	took := l.install(ctx, t, l.new)
	l.is(ctx, t, socket, "disabled/inactive")
	l.is(ctx, t, service, "disabled/inactive")
	must(t, l.host.AptGet(ctx, "install", "--allow-downgrades", pkg+"="+l.old.version))
	l.is(ctx, t, socket, "disabled/inactive")
	l.is(ctx, t, service, "disabled/inactive")
	l.systemctl(ctx, t, "enable", "--now", socket)
	l.answered(ctx, t)
	return fmt.Sprintf("apt took %.1f s; disabled and inactive after an upgrade and a downgrade", took.Seconds())
}

// tally counts how the calls ended that were made during an upgrade.
type tally struct {
	mu                         sync.Mutex
	answered, refused, unknown int
	last                       error // the last one that was not answered
}

func (y *tally) count(a answer, err error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	switch {
	case err == nil && a.status == http.StatusOK && !a.refused:
		y.answered++
		return
	case errors.Is(err, syscall.ECONNREFUSED):
		y.refused++
	default:
		y.unknown++
	}
	y.last = fmt.Errorf("%d %s: %w", a.status, a.text, err)
}

func (y *tally) answers() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.answered
}

// upgradedWhileCalled has apt put another version in place.
func (l *life) upgradedWhileCalled(ctx context.Context, t *testing.T) string {
	return l.upgradeWhileCalled(ctx, t, 25*time.Millisecond, func() error { return l.host.AptGet(ctx, "install", pkg) })
}

// upgradeWhileCalled has clients call, each on a new connection, during an upgrade. The socket stays, and none is refused.
func (l *life) upgradeWhileCalled(ctx context.Context, t *testing.T, every time.Duration, upgrade func() error) string {
	const clients = 4
	calls := int(2 * time.Second / every) // answers before and after it
	before := l.show(ctx, t, socket, "ActiveEnterTimestampMonotonic")
	var y tally
	calling, stop := context.WithCancel(ctx)
	defer stop()
	pace := time.NewTicker(every) // together they stay below what one caller may make
	defer pace.Stop()
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for {
				select {
				case <-calling.Done():
					return
				case <-pace.C:
					y.count(l.call(ctx, "whoami"))
				}
			}
		})
	}
	more := func() {
		enough := y.answers() + calls
		l.await(ctx, t, func() error {
			if got := y.answers(); got < enough {
				return fmt.Errorf("got %d answers, want %d", got, enough)
			}
			return nil
		})
	}
	more()
	pid := l.show(ctx, t, service, "MainPID")
	must(t, upgrade())
	more()
	stop()
	wg.Wait()
	if got := l.show(ctx, t, service, "MainPID"); got == pid {
		t.Errorf("the process after the upgrade: got %s as before", got)
	}
	if got := l.run(ctx, t, "tailscale-mcp", "version"); !strings.Contains(got, strings.TrimSuffix(l.new.version, "-1")) {
		t.Errorf("tailscale-mcp version: got %q, want %s", got, l.new.version)
	}
	stayed := l.show(ctx, t, socket, "ActiveEnterTimestampMonotonic") == before
	if y.refused > 0 || y.unknown > 0 || !stayed {
		t.Errorf("during the upgrade: %d refused, %d not answered otherwise, the last with %v; the socket stayed: %v", y.refused, y.unknown, y.last, stayed)
	}
	return fmt.Sprintf("%d clients: %d answered, %d refused, %d not answered otherwise; the socket stayed: %v", clients, y.answered, y.refused, y.unknown, stayed)
}
