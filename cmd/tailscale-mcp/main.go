// SPDX-License-Identifier: MIT

// Command tailscale-mcp serves a tailnet to assistants over MCP. Without a
// subcommand it is the daemon that systemd runs; the others are for the person
// who operates it.
package main

import (
	"context"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-asked
		signal.Stop(asked) // before anybody sees the first: the second ends it at once
		cancel()
	}()
	// A reader of our output that has gone is an error where it is written to,
	// the audit not least; it must not be the death of the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	log.SetOutput(io.Discard) // net/http repeats there what servers send; the daemon has a log of its own
	os.Exit(run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}
