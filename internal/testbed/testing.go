// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"os"
	"testing"
	"time"
)

// New is Start for tests and benchmarks: the tailnet ends with t, and when t has failed the daemons' last words are in
// t's log. With Options.Namespaces, on a machine that cannot have them, it skips t; or fails it where the environment
// says TEST_REQUIRE_ROOT=1.
func New(t testing.TB, opts Options) *Tailnet {
	t.Helper()
	if opts.Namespaces {
		RequireNamespaces(t)
	}
	// A deadline for the case that tailscaled has to be built first.
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	tn, err := Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, n := range tn.Nodes() {
				t.Logf("the log of %s ends with:\n%s", n.Name, tail(n.Log(), 40))
			}
		}
		if err := tn.Close(); err != nil {
			t.Error(err)
		}
	})
	return tn
}

// RequireNamespaces skips t where Options.Namespaces cannot be had, or fails it if the environment says
// TEST_REQUIRE_ROOT=1.
func RequireNamespaces(t testing.TB) {
	t.Helper()
	err := NamespacesError()
	switch {
	case err == nil:
	case os.Getenv("TEST_REQUIRE_ROOT") == "1":
		t.Fatalf("TEST_REQUIRE_ROOT=1, but %v", err)
	default:
		t.Skipf("SKIPPED, needs root: %v (TEST_REQUIRE_ROOT=1 makes this a failure)", err)
	}
}
