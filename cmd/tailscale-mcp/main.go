// SPDX-License-Identifier: MIT

// Command tailscale-mcp serves a tailnet to assistants over MCP. Without a
// subcommand it is the daemon that systemd runs; the others are for the person
// who operates it. See tailscale-mcp(8).
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}
