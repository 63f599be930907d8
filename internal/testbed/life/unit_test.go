// SPDX-License-Identifier: MIT

//go:build linux

package life

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

// run runs a program of the host's, which must succeed.
func (l *life) run(ctx context.Context, t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := l.host.Run(ctx, name, args...)
	must(t, err)
	return out
}

func (l *life) systemctl(ctx context.Context, t *testing.T, args ...string) {
	t.Helper()
	l.run(ctx, t, "systemctl", args...)
}

// show returns a property of a unit.
func (l *life) show(ctx context.Context, t *testing.T, unit, property string) string {
	t.Helper()
	return l.run(ctx, t, "systemctl", "show", "--value", "--property="+property, unit)
}

// state returns whether a unit is enabled and how it is, such as "enabled/active".
func (l *life) state(ctx context.Context, t *testing.T, unit string) string {
	t.Helper()
	return l.show(ctx, t, unit, "UnitFileState") + "/" + l.show(ctx, t, unit, "ActiveState")
}

// becomes waits for a state of a unit.
func (l *life) becomes(ctx context.Context, t *testing.T, unit, want string) {
	t.Helper()
	l.await(ctx, t, func() error {
		if got := l.state(ctx, t, unit); got != want {
			return fmt.Errorf("%s: got %s, want %s", unit, got, want)
		}
		return nil
	})
}

// is checks the state of a unit as it is now.
func (l *life) is(ctx context.Context, t *testing.T, unit, want string) {
	t.Helper()
	if got := l.state(ctx, t, unit); got != want {
		t.Errorf("%s: got %s, want %s", unit, got, want)
	}
}

// noneFailed checks that none of the package's units has failed.
func (l *life) noneFailed(ctx context.Context, t *testing.T) {
	t.Helper()
	if out := l.run(ctx, t, "systemctl", "list-units", "--state=failed", "--plain", "--no-legend", "tailscale-mcp*"); out != "" {
		t.Errorf("units have failed:\n%s", out)
	}
}

// idle ends the service and leaves the socket, as if nobody had asked yet.
func (l *life) idle(ctx context.Context, t *testing.T) {
	t.Helper()
	l.systemctl(ctx, t, "stop", service)
	if got := l.show(ctx, t, service, "ActiveState"); got != "inactive" {
		t.Fatalf("%s after stopping it: got %s", service, got)
	}
}

// says waits until the service's line of status has a text, and returns the line.
func (l *life) says(ctx context.Context, t *testing.T, want string) string {
	t.Helper()
	var got string
	l.await(ctx, t, func() error {
		if got = l.show(ctx, t, service, "StatusText"); !strings.Contains(got, want) {
			return fmt.Errorf("the status of %s: got %q, want it to say %q", service, got, want)
		}
		return nil
	})
	return got
}
