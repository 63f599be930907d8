// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/version"
)

// streams are the program's standard streams. They are files because the audit
// asks whether one of them is the journal.
type streams struct{ in, out, err *os.File }

// exitConfiguration is the daemon's exit code for a configuration that cannot work
// (EX_CONFIG of sysexits.h), at which the unit is not restarted. It is not
// [cli.Usage]: the Go runtime too ends with 2, after a panic and when the watchdog
// strikes.
const exitConfiguration = 78

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	return report(s.err, cli.Run(ctx, commands(s), args, s.out, s.err))
}

// commands are the whole command line: the daemon, and the subcommands of the
// person who operates it.
func commands(s streams) *cobra.Command {
	root := rootCommand(s)
	root.AddCommand(serveCommand(s), stdioCommand(s), checkCommand(), grantCommand(), toolsCommand(), serverCommand(),
		doctorCommand(), auditCommand(), deviceCommand())
	cli.New(root, version.String())
	serve, _, err := root.Find([]string{"serve"})
	if err != nil {
		panic(err) // it is there, above
	}
	// The daemon has no options: its configuration is what there is to tell.
	serve.SetHelpFunc(func(*cobra.Command, []string) { _ = root.Help() })
	return root
}

// rootCommand is the program without a subcommand, which is the daemon.
func rootCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:     "tailscale-mcp [subcommand]",
		Short:   "serve a tailnet to assistants over MCP, to each caller what the policy file grants",
		Example: aboutConfiguration(),
		RunE:    func(c *cobra.Command, _ []string) error { return runServe(c.Context(), s) },
	}
}
