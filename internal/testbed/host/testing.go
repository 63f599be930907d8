// SPDX-License-Identifier: MIT

//go:build linux

package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// Boot is Start for tests: the host, and the tailnet if it makes one, end with t, and when t has failed the host's last
// words are in t's log. On a machine that cannot have hosts it skips t; see RequireHost.
func Boot(t testing.TB, opts Options) *Host {
	t.Helper()
	RequireHost(t)
	if opts.Tailnet == nil {
		opts.Tailnet = testbed.New(t, testbed.Options{Namespaces: true})
	}
	// A deadline for the case that the tree or tailscaled has to be made first.
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	h, err := Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			h.explain(t)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

// explain logs what the host has to say about a failure.
func (h *Host) explain(t testing.TB) {
	// The test's own context has ended.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	t.Logf("the console of %s ends with:\n%s", h.Name, h.console.tail(10))
	for _, command := range [][]string{
		{"systemctl", "list-units", "--state=failed,activating,deactivating", "--plain", "--no-legend", "--no-pager"},
		{"journalctl", "--boot", "--no-pager", "--output=short-precise", "--lines=80"},
	} {
		out, err := h.Run(ctx, command[0], command[1:]...)
		t.Logf("%q on %s (%v):\n%s", command, h.Name, err, out)
	}
}

// RequireHost skips t where hosts cannot be had, or fails it if the environment says TEST_REQUIRE_ROOT=1.
func RequireHost(t testing.TB) {
	t.Helper()
	testbed.RequireNamespaces(t)
	err := missing()
	switch {
	case err == nil:
	case os.Getenv("TEST_REQUIRE_ROOT") == "1":
		t.Fatalf("TEST_REQUIRE_ROOT=1, but %v", err)
	default:
		t.Skipf("SKIPPED, needs more than this machine has: %v (TEST_REQUIRE_ROOT=1 makes this a failure)", err)
	}
}

// missing reports what hosts need, beyond namespaces, and this machine does not have.
func missing() error {
	var errs []error
	for program, debian := range map[string]string{
		"debootstrap":    "debootstrap",
		"systemd-nspawn": "systemd-container",
		"systemctl":      "systemd",
		"unshare":        "util-linux",
		"apt-get":        "apt",
	} {
		if _, err := exec.LookPath(program); err != nil {
			errs = append(errs, fmt.Errorf("hosts need Debian's package %s: %w", debian, err))
		}
	}
	if _, err := unifiedMount(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
