// SPDX-License-Identifier: MIT

//go:build unix

package install

import (
	"os"
	"os/user"
	"strconv"
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

// owner is who f belongs to; "" when that is whoever asks, or cannot be told.
func (f file) owner() string {
	info, err := os.Stat(f.path)
	if err != nil {
		return ""
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(st.Uid) == os.Getuid() {
		return ""
	}
	id := strconv.FormatUint(uint64(st.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "the user " + id
}

// syncFolder makes a new name in the folder last through a power cut, where
// the file system can do that.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
