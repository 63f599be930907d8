// SPDX-License-Identifier: MIT

//go:build unix

package ending

import (
	"os"
	"os/signal"
	"syscall"
)

// endSignals ask the relay to end. A terminal that is closed sends SIGHUP.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// IgnoreBrokenPipes makes writing to a client, or a person's pager, that is gone an
// error. Without it that would kill the process before it could end its session.
func IgnoreBrokenPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }
