// SPDX-License-Identifier: MIT

// Package service tells the service manager how the daemon is: started, what it
// is doing, alive, stopping (systemd's sd_notify(3) protocol).
//
// It also knows where the service manager has the unit of the socket, and reads the
// ports from it ([SocketPorts]).
//
// Imports: the standard library and go-systemd's daemon package, which reads the
// protocol's variables NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
//
// Failure: without a service manager every function does nothing and succeeds.
// With one, a message that cannot be delivered is an error for the log; it is
// never a reason to stop serving. The one thing that must not be wrong is the
// watchdog: it reports life only after a probe has proved it, so a hung daemon
// falls silent and is restarted.
package service

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Ready reports that start-up is over: the configuration is good and connections
// are or will be accepted. It does not mean that tailscaled is up; status says so.
func Ready(status string) error {
	return notify(daemon.SdNotifyReady, statusLine(status))
}

// Status shows one line to whoever runs systemctl status.
func Status(text string) error {
	return notify(statusLine(text))
}

// Stopping reports that the daemon is shutting down and may take as long as given
// to finish calls in flight. No more watchdog pings follow: a watchdog that is
// shorter than that is given this time too, since the stop timeout of the service
// manager watches over the rest.
func Stopping(within time.Duration) error {
	lines := []string{daemon.SdNotifyStopping, statusLine("stopping: finishing calls in flight"), daemon.SdNotifyWatchdog}
	// A period that cannot be read was reported by Watchdog.
	if period, err := daemon.SdWatchdogEnabled(false); err == nil && period > 0 && period < within {
		lines = append(lines, fmt.Sprintf("WATCHDOG_USEC=%d", within.Microseconds()))
	}
	return notify(lines...)
}

func notify(lines ...string) error {
	if _, err := daemon.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("notifying the service manager: %w", err)
	}
	return nil
}

// maxStatus keeps a status on one readable line of systemctl.
const maxStatus = 300

// statusLine makes text harmless: a line break would begin another assignment,
// such as MAINPID=.
func statusLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > maxStatus {
		text = string(runes[:maxStatus-3]) + "..."
	}
	return "STATUS=" + text
}
