// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"tailscale-mcp/internal/upstream/unit"
)

// uncovered refuses to start a server that would see a folder in the root of the host: one
// that was made after the units were, which cover every other. listed are the paths that
// the server is to see.
func uncovered(root string, listed []string) error {
	all, err := os.ReadDir(root)
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.IsDir() && !unit.Known(f.Name()) && !empty(filepath.Join(root, f.Name()), listed) {
			return fmt.Errorf("the folder /%s is newer than the units of the servers, so that they would see it: run tailscale-mcp server apply, or systemctl daemon-reload", f.Name())
		}
	}
	return nil
}

// empty reports whether a folder is the unit's cover, with nothing in it but the way to
// what is listed.
func empty(dir string, listed []string) bool {
	var fs unix.Statfs_t
	if unix.Statfs(dir, &fs) != nil || fs.Type != unix.TMPFS_MAGIC {
		return false
	}
	all, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, f := range all {
		way := false
		for _, path := range listed {
			way = way || strings.HasPrefix(path+"/", filepath.Join(dir, f.Name())+"/")
		}
		if !way {
			return false
		}
	}
	return true
}

// bounded reports whether a folder is in memory, with room for less than most bytes.
func bounded(dir string, most int64) bool {
	var fs unix.Statfs_t
	err := unix.Statfs(dir, &fs)
	return err == nil && fs.Type == unix.TMPFS_MAGIC && int64(fs.Blocks)*int64(fs.Bsize) <= most //nolint:unconvert // it has 32 bits on some
}
