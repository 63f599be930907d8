// SPDX-License-Identifier: MIT

// Package clitest holds the command line of a program to what is written about
// it: the completions, which real shells have to take, and the manual page. It is
// for tests only, and runs programs.
package clitest

import (
	"os"
	"os/exec"
	"slices"
	"testing"
)

// Need is the path of a program that a test needs. Where it is not installed the
// test is skipped, but never with TEST_REQUIRE_TOOLS=1, as CI has it.
func Need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("TEST_REQUIRE_TOOLS") != "":
		t.Fatalf("%s is not installed, and TEST_REQUIRE_TOOLS is set", name)
	default:
		t.Skipf("SKIPPED, %s is not installed: nothing here shows that what is made for it works", name)
	}
	return path
}

// Same holds what is written to what there is, in whatever order.
func Same(t *testing.T, what string, written, there []string) {
	t.Helper()
	written, there = slices.Sorted(slices.Values(written)), slices.Sorted(slices.Values(there))
	if !slices.Equal(written, there) {
		t.Errorf("%s: written is %q, but there is %q", what, written, there)
	}
}
