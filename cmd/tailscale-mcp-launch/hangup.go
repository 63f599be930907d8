// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// hungUp calls gone when the other end of a connection writes no more. Reading would
// not tell while a server that does not read its stdin holds up the copying.
func hungUp(f *os.File, gone func()) {
	defer gone()
	for {
		fds := []unix.PollFd{{Fd: int32(f.Fd()), Events: unix.POLLRDHUP}}
		n, err := unix.Poll(fds, -1)
		if n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
	}
}
