// SPDX-License-Identifier: MIT

package main

import (
	"io"
	"log/slog"
	"os"
	"runtime/debug"

	"tailscale-mcp/internal/cli"
)

// openLog is where a person is told what happens: stderr, or the log file, and
// never stdout, which belongs to the protocol. close ends the use of it.
func (opt *options) openLog(stderr io.Writer) (log *slog.Logger, closed func(), err error) {
	level := slog.LevelWarn
	switch {
	case opt.debug:
		level = slog.LevelDebug
	case opt.verbose:
		level = slog.LevelInfo
	}
	to, closed := stderr, func() {}
	if opt.logFile != "" {
		f, err := os.OpenFile(opt.logFile, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, nil, cli.Misused("name a file that you may write to; its folder has to be there", "--log-file: %w", err)
		}
		// What the runtime says when it ends the process goes there too.
		if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
			return nil, nil, cli.Misused("name a regular file", "--log-file: %w", err)
		}
		to, closed = f, func() { f.Close() }
	}
	return slog.New(slog.NewTextHandler(to, &slog.HandlerOptions{Level: level})), closed, nil
}
