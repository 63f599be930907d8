// SPDX-License-Identifier: MIT

//go:build unix

package install

import (
	"os"
	"syscall"
)

// like gives w the mode and the owner of f, if f is there.
func (f file) like(w *os.File) error {
	if !f.exists {
		return nil
	}
	was, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	is, err := w.Stat()
	if err != nil {
		return err
	}
	a, okA := was.Sys().(*syscall.Stat_t)
	b, okB := is.Sys().(*syscall.Stat_t)
	if okA && okB && (a.Uid != b.Uid || a.Gid != b.Gid) {
		if err := w.Chown(int(a.Uid), int(a.Gid)); err != nil {
			return err
		}
	}
	return w.Chmod(f.mode) // after the owner, whose change may take bits away
}

// syncFolder makes a new name in the folder last through a power cut, where
// the file system can do that.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
