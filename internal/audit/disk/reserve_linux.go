// SPDX-License-Identifier: MIT

package disk

import (
	"errors"
	"os"
	"syscall"
)

// reserve takes room on the disk for what will be written. A file system that cannot
// do that leaves it to the write.
func reserve(f *os.File, offset, n int64) error {
	const keepSize = 1 // FALLOC_FL_KEEP_SIZE of fallocate(2)
	err := syscall.Fallocate(int(f.Fd()), keepSize, offset, n)
	for errors.Is(err, syscall.EINTR) { // a signal of the runtime's came between
		err = syscall.Fallocate(int(f.Fd()), keepSize, offset, n)
	}
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.ENOSYS) {
		return nil
	}
	return err
}
