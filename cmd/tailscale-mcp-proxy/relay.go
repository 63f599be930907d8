// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"log/slog"

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

	ctx, stop := untilAsked(ctx)
	defer stop()
	return proxy.Run(ctx, proxy.Config{
		Server:     opt.server,
		Tailscaled: proxy.LocalClient(opt.socket),
		Agent:      "tailscale-mcp-proxy/" + version.String(),
		MaxMessage: opt.maxMessage,
		Drain:      opt.drain,
		Log:        slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: opt.level})),
	}, s.in, s.out)
}
