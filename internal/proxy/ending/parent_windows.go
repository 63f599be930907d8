// SPDX-License-Identifier: MIT

package ending

import (
	"context"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// whileParentLives calls gone once the parent process is no more, and returns
// then or when ctx is done, which it sees at each pace. A parent that may not be
// opened is not watched.
func whileParentLives(ctx context.Context, pace time.Duration, gone func()) {
	const access = windows.SYNCHRONIZE | windows.PROCESS_QUERY_LIMITED_INFORMATION
	parent, err := windows.OpenProcess(access, false, uint32(os.Getppid()))
	if err != nil {
		return
	}
	defer func() { _ = windows.CloseHandle(parent) }()
	// The number of a process that ended is given to another one.
	if !begunBefore(parent, windows.CurrentProcess()) {
		return
	}
	for ctx.Err() == nil {
		switch what, err := windows.WaitForSingleObject(parent, uint32(pace.Milliseconds())); {
		case err != nil:
			return
		case what == windows.WAIT_OBJECT_0:
			gone()
			return
		}
	}
}

// begunBefore reports whether process a is older than process b.
func begunBefore(a, b windows.Handle) bool {
	var begun [2]windows.Filetime
	for i, h := range []windows.Handle{a, b} {
		var exit, kernel, user windows.Filetime
		if windows.GetProcessTimes(h, &begun[i], &exit, &kernel, &user) != nil {
			return false
		}
	}
	return begun[0].Nanoseconds() <= begun[1].Nanoseconds()
}
