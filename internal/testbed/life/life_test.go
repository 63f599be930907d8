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
	"tailscale-mcp/internal/testbed/host"
)

const (
	pkg     = "tailscale-mcp"
	socket  = "tailscale-mcp.socket"
	service = "tailscale-mcp.service"
	envFile = "/etc/tailscale-mcp.env"
)

// life is one host's.
type life struct {
	host     *host.Host
	peer     *testbed.Node // alice's
	old, new release
	kind     string
	port     string // where the daemon is called
	table    *table

	before  map[string]string // the host's files before the package
	without []time.Duration   // boots without the package
	failing bool              // the last row has failed
}

// TestHostLife leads the package through its life on every kind of host. The rows follow each other on one host, as they do
// in the field.
func TestHostLife(t *testing.T) {
	host.RequireHost(t)
	dir := t.TempDir()
	old, upgrade := build(t, root, dir, "1.0.0"), build(t, root, dir, "1.1.0")
	seen := &table{}
	t.Cleanup(func() { t.Logf("the life of the package:\n%s", seen) })
	on := func(kind string, opts host.Options, live func(*life, *testing.T)) {
		t.Run(kind, func(t *testing.T) {
			opts.Node = testbed.NodeOptions{Name: "server", Tags: []string{"tag:mcp"}}
			live(&life{host: host.Boot(t, opts), old: old, new: upgrade, kind: kind, port: "8080", table: seen}, t)
		})
	}
	for _, debian := range []string{host.Bookworm, host.Trixie} {
		for _, udev := range []bool{true, false} {
			on(fmt.Sprintf("%s,udev=%v", debian, udev), host.Options{Release: debian, Udev: udev}, (*life).live)
		}
	}
	on("rpm", host.Options{Release: host.Trixie, Udev: true, Tailscale: true}, (*life).liveByRPM)
}

func (l *life) live(t *testing.T) {
	l.row(t, "install before tailscale", l.installBefore)
	l.row(t, "tailscale comes, logged out", l.loggedOut)
	if l.peer == nil {
		t.FailNow() // there is nobody who could call
	}
	l.row(t, "first request over the tailnet", l.firstRequest)
	l.row(t, "grant, call, audit", l.grantCallAudit)
	l.row(t, "environment file edited", l.environmentEdited)
	l.row(t, "bad value", l.badValue)
	l.row(t, "tailscaled restarted", l.tailscaledRestarted)
	l.row(t, "tailscaled killed six times", l.tailscaledKilled)
	l.row(t, "daemon killed", l.daemonKilled)
	l.row(t, "daemon stopped (watchdog)", l.daemonStopped)
	l.row(t, "address changes", l.addressChanges)
	l.row(t, "enable --now tailscale-mcp", l.serviceEnabled)
	l.row(t, "userspace networking", l.userspace)
	l.row(t, "enable --now tailscale-mcp.socket", l.socketEnabled)
	l.row(t, "disabled, then upgraded", l.disabledUpgraded)
	l.row(t, "upgraded while clients call", l.upgradedWhileCalled)
	l.row(t, "removed", l.removed)
	l.row(t, "installed again", l.installedAgain)
	l.row(t, "purged", l.purged)
	l.row(t, "boots without the package", l.bootsWithout)
	l.row(t, "install after tailscale", l.installAfter)
	l.row(t, "boots with the package", l.bootsWith)
}

// row is a subtest that says what it has seen.
func (l *life) row(t *testing.T, name string, f func(context.Context, *testing.T) string) {
	began := time.Now()
	seen := "not seen to its end"
	t.Run(name, func(t *testing.T) {
		defer func() {
			if t.Failed() {
				seen = "FAILED: " + seen
				l.explain(t)
			}
		}()
		seen = f(t.Context(), t)
	})
	l.table.add(l.kind, name, seen, time.Since(began))
	switch failed := strings.HasPrefix(seen, "FAILED"); {
	case failed && l.failing:
		t.Fatal("two rows in a row have failed: the rest of the life is of no use")
	default:
		l.failing = failed
	}
}

// explain logs how the units are.
func (l *life) explain(t *testing.T) {
	out, err := l.host.Run(t.Context(), "systemctl", "status", "--no-pager", "--full", "--lines=25",
		socket, service, "tailscale-mcp-device.service", "tailscaled.service")
	t.Logf("the units (%v):\n%s", err, out)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
