// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/proxy/ending"
	"tailscale-mcp/internal/proxy/headers"
	"tailscale-mcp/internal/proxy/transport"
	"tailscale-mcp/internal/version"
)

// relayCommand is what a client starts. It is the root of the command line.
func relayCommand(s streams) *cobra.Command {
	opt := &options{}
	c := &cobra.Command{
		Use:     program + " --server URL [options]",
		Short:   "give an MCP client that speaks stdio the server at a URL",
		Long:    introduction,
		Example: conclusion,
	}
	c.Flags().AddFlagSet(relayFlags(opt))
	cli.CompleteFiles(c)
	cli.CompleteValues(c, "transport", transport.Words())
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := opt.finish(c.Flags(), c.CommandPath(), s.environ); err != nil {
			return err
		}
		return opt.relay(c.Context(), s)
	}
	return c
}

// relay relays until the client is gone.
func (opt *options) relay(ctx context.Context, s streams) error {
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
		fmt.Fprintf(s.err, sayByHand, opt.server)
	}
	if who := headers.Exposed(opt.headerFile); who != "" {
		log.Warn("the header file is not private", "reason", who)
	}

	ctx, stop := ending.UntilAsked(ctx)
	defer stop()
	return proxy.Run(ctx, opt.config(log), s.in, s.out)
}
