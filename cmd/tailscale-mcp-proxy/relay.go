// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"

	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/version"
)

// runRelay is what a client starts: it relays until the client is gone.
func runRelay(ctx context.Context, s streams, args []string) error {
	opt, err := parse(args, s.environ)
	if err != nil {
		return err
	}
	if opt.showVersion {
		return runVersion(ctx, s, nil)
	}

	if err := opt.readHeaders(s.environ); err != nil {
		return err
	}
	log, closed, err := opt.openLog(s.err)
	if err != nil {
		return err
	}
	defer closed()
	// Without the query, which may hold a secret.
	log.Info("relaying", "version", version.String(), "server", opt.server.Scheme+"://"+opt.server.Host+opt.server.Path)
	if isTerminal(s.in) {
		fmt.Fprintf(s.err, "a client starts this and speaks MCP on standard input; to try the way to the server: %s doctor --server %v\n", program, opt.server)
	}
	if who := exposed(opt.headerFile); who != "" {
		log.Warn("the header file is not private", "reason", who)
	}

	ctx, stop := untilAsked(ctx)
	defer stop()
	return proxy.Run(ctx, opt.config(log), s.in, s.out)
}
