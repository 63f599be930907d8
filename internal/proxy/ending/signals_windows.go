// SPDX-License-Identifier: MIT

package ending

import (
	"os"
	"syscall"
)

// endSignals ask the relay to end. They stand for console events: Ctrl-C and
// Ctrl-Break for the first; for the second that the console is closed, the user
// logs off or the system shuts down (os/signal, "Windows").
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

// IgnoreBrokenPipes does nothing: here writing to a client that is gone is an
// error anyway.
func IgnoreBrokenPipes() {}
