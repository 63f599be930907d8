// SPDX-License-Identifier: MIT

//go:build unix

package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// NoFollow has a name that is a symbolic link refused.
const NoFollow = syscall.O_NOFOLLOW

// noWait has a pipe opened without somebody at its other end.
const noWait = syscall.O_NONBLOCK

// Lock takes the file for this process, until it is closed, or returns [ErrInUse].
func Lock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	}
	return err
}

// Trusted refuses a folder that somebody else may have put in place of the one
// that was meant. What systemd links (/var/log/tailscale-mcp) is root's.
func Trusted(folder string) error {
	info, err := os.Lstat(folder)
	if err != nil || info.Mode()&fs.ModeSymlink == 0 {
		return err
	}
	if owner, ok := info.Sys().(*syscall.Stat_t); ok && owner.Uid != 0 && int(owner.Uid) != os.Geteuid() {
		return fmt.Errorf("%s is a symbolic link of another account", folder)
	}
	return nil
}
