// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/version"
)

const program = "tailscale-mcp-proxy"

// streams are what a command reads and writes.
type streams struct {
	environ  []string
	in       io.Reader
	out, err io.Writer
}

// run is the program; it returns the exit code.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := cli.Run(ctx, commands(streams{environ, stdin, stdout, stderr}), args, stdout, stderr)
	return cli.Report(stderr, err)
}

// commands are the whole command line: the relay, as a client starts it, and the
// subcommands for a person.
func commands(s streams) *cobra.Command {
	root := relayCommand(s)
	root.AddCommand(installCommand(s), uninstallCommand(s), doctorCommand(s), serversCommand(s))
	return cli.New(root, version.String())
}
