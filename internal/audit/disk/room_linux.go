// SPDX-License-Identifier: MIT

package disk

import (
	"path/filepath"
	"syscall"
)

// Room returns how many bytes are free for the file at path, and whether nothing
// can be written there whatever is free.
func Room(path string) (bytes uint64, readOnly bool, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(filepath.Dir(path), &s); err != nil {
		return 0, false, err
	}
	const stReadOnly = 1 // ST_RDONLY of statfs(2)
	return s.Bavail * uint64(s.Bsize), s.Flags&stReadOnly != 0, nil
}
