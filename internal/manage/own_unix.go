// SPDX-License-Identifier: MIT

//go:build unix

package manage

import (
	"io/fs"
	"os"
	"syscall"
)

// own gives a file to the group of the folder that it is in.
func own(f *os.File, folder fs.FileInfo) error {
	if st, ok := folder.Sys().(*syscall.Stat_t); ok && os.Geteuid() == 0 {
		return f.Chown(0, int(st.Gid))
	}
	return nil
}
