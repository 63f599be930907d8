// SPDX-License-Identifier: MIT

//go:build unix

package install

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestUnwritable: whose file it is that may not be written, unless it is that of
// who asks.
func TestUnwritable(t *testing.T) {
	mine := filepath.Join(t.TempDir(), "mcp.json")
	write(t, mine, someServers, 0o400)
	theirs, owner := "/", "root"
	if os.Getuid() == 0 {
		theirs, owner = filepath.Join(t.TempDir(), "mcp.json"), "the user 4000000000"
		write(t, theirs, someServers, 0o400)
		if err := os.Chown(theirs, 4000000000, -1); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		mine:   "F cannot be written (permission denied)",
		theirs: "F cannot be written (permission denied), and belongs to " + owner,
	} {
		err := file{path: path}.unwritable("F", &fs.PathError{Op: "open", Path: path, Err: fs.ErrPermission})
		var r *Refusal
		if !errors.As(err, &r) || r.Problem != want {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
