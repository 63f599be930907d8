// SPDX-License-Identifier: MIT

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestUncovered: a folder in the root that no unit covers stops a server. Covers are
// mounts: internal/testbed/jail has them.
func TestUncovered(t *testing.T) {
	root := t.TempDir()
	make := func(paths ...string) {
		for _, path := range paths {
			if err := os.MkdirAll(filepath.Join(root, path), 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	make("usr/bin", "etc/ssl", "home/ann", "proc/1")
	if err := os.Symlink("usr/bin", filepath.Join(root, "bin")); err != nil {
		t.Fatal(err)
	}
	if err := uncovered(root, nil); err != nil {
		t.Error(err)
	}
	make("data/one/docs")
	err := uncovered(root, []string{"/data/one/docs"})
	if err == nil || !strings.HasPrefix(err.Error(), "the folder /data is newer than the units of the servers") {
		t.Errorf("got %v", err)
	}
	if err := uncovered(filepath.Join(root, "none"), nil); err == nil {
		t.Error("a root that cannot be read")
	}
}

// TestEmpty: a cover is a file system in memory with nothing in it but the way to what is
// listed.
func TestEmpty(t *testing.T) {
	inMemory(t)
	dir, err := os.MkdirTemp("/dev/shm", "cover")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if !empty(dir, nil) {
		t.Error("an empty one is taken for another")
	}
	if err := os.Mkdir(filepath.Join(dir, "one"), 0o700); err != nil {
		t.Fatal(err)
	}
	for listed, want := range map[string]bool{"/one": true, "/one/docs": true, "/on": false, "/one2": false, "": false} {
		if got := empty(dir, []string{dir + listed}); got != want {
			t.Errorf("with %q listed: got %v", listed, got)
		}
	}
	if empty("/proc/self", nil) {
		t.Error("what is no file system in memory is taken for a cover")
	}
}

// TestBounded: a disk is not, and memory is up to its size.
func TestBounded(t *testing.T) {
	fs := inMemory(t)
	size := int64(fs.Blocks) * int64(fs.Bsize) //nolint:unconvert // it has 32 bits on some
	if !bounded("/dev/shm", size) || bounded("/dev/shm", size-1) || bounded("/proc", size) || bounded("/none", size) {
		t.Error("the bound of /dev/shm is not its size")
	}
}

// inMemory is the file system of /dev/shm. Where that is on no memory the test is skipped,
// but never with TEST_REQUIRE_TOOLS=1, as CI has it.
func inMemory(t *testing.T) (fs unix.Statfs_t) {
	t.Helper()
	if unix.Statfs("/dev/shm", &fs) == nil && fs.Type == unix.TMPFS_MAGIC {
		return fs
	}
	const why = "/dev/shm is no file system in memory here"
	if os.Getenv("TEST_REQUIRE_TOOLS") != "" {
		t.Fatal(why)
	}
	t.Skip("SKIPPED, " + why)
	return fs
}
