// SPDX-License-Identifier: MIT

package main

import (
	"context"

	"tailscale-mcp/internal/proxy"
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
	if who := exposed(opt.headerFile); who != "" {
		log.Warn("the header file is not private", "reason", who)
	}

	ctx, stop := untilAsked(ctx)
	defer stop()
	return proxy.Run(ctx, opt.config(log), s.in, s.out)
}
