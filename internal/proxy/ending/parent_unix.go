// SPDX-License-Identifier: MIT

//go:build unix

package ending

import (
	"context"
	"os"
	"time"
)

// whileParentLives calls gone once the parent process is no more, and returns
// then or when ctx is done. The kernel gives an orphan another parent. To ask
// it is a system call at each pace, the same on every Unix; to be told by Linux
// instead (PR_SET_PDEATHSIG) would take the end of the thread that started this
// process for the end of its parent.
func whileParentLives(ctx context.Context, pace time.Duration, gone func()) {
	parent := os.Getppid()
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for os.Getppid() == parent {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
	gone()
}
