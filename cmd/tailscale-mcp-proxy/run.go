// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/version"
)

// Exit codes.
const (
	exitEnded = 0 // stdin ended, or a signal asked to stop
	exitIO    = 1 // stdin or stdout failed
	exitUsage = 2 // the command line or the environment is wrong
)

// run is the command.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		switch args[0] {
		case "install":
			return runInstall(args[1:], environ, stdin, stdout, stderr)
		case "uninstall":
			return runUninstall(args[1:], environ, stdin, stdout, stderr)
		}
	}
	opt, err := parse(args, environ)
	switch {
	case errors.Is(err, errHelp):
		_, _ = io.WriteString(stdout, usage)
		return exitEnded
	case err != nil:
		complain(stderr, err)
		return exitUsage
	case opt.showVersion:
		fmt.Fprintln(stdout, "tailscale-mcp-proxy", version.String())
		return exitEnded
	}

	ctx, stop := untilAsked(ctx)
	defer stop()
	err = proxy.Run(ctx, proxy.Config{
		Server:     opt.server,
		Tailscaled: proxy.LocalClient(opt.socket),
		Agent:      "tailscale-mcp-proxy/" + version.String(),
		MaxMessage: opt.maxMessage,
		Drain:      opt.drain,
		Log:        slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: opt.level})),
	}, stdin, stdout)
	if err != nil {
		complain(stderr, err)
		return exitIO
	}
	return exitEnded
}

// complain says what is wrong and what to do about it.
func complain(w io.Writer, err error) {
	fmt.Fprintf(w, "error: %v\n", err)
	var h *hintedError
	if errors.As(err, &h) {
		fmt.Fprintf(w, "hint: %s\n", h.hint)
	}
}
