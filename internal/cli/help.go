// SPDX-License-Identifier: MIT

package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// width is that of a terminal.
const width = 80

func helpCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND...]",
		Short: "print this, or the help of a command",
		Args: func(c *cobra.Command, args []string) error {
			if last, rest := below(root, args); len(rest) > 0 && !last.HasSubCommands() {
				return Misused(seeHelp(c.CommandPath()), "unexpected argument %q", rest[0])
			}
			return nil
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			c, rest := below(root, args)
			if len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return commandNames(c), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest := below(root, args)
			if len(rest) > 0 {
				return noCommand(c, rest[0])
			}
			return c.Help()
		},
	}
}

// below is the command that the first of args name, from c on, and the args behind them.
func below(c *cobra.Command, args []string) (*cobra.Command, []string) {
	for _, sub := range c.Commands() {
		if len(args) > 0 && sub.Name() == args[0] {
			return below(sub, args[1:])
		}
	}
	return c, args
}

// printHelp is what --help of a command prints: how it is written, what it is
// for, its Long, its commands and options, and its Example.
func printHelp(c *cobra.Command, _ []string) {
	var b strings.Builder
	fmt.Fprintf(&b, "usage: %s\n%s\n", c.UseLine(), c.Short)
	if c.Long != "" {
		fmt.Fprintf(&b, "\n%s\n", c.Long)
	}
	if c.HasSubCommands() {
		fmt.Fprint(&b, "\nCommands:\n")
		for _, sub := range c.Commands() {
			if !sub.Hidden {
				fmt.Fprintf(&b, "  %-12s%s\n", sub.Name(), sub.Short)
			}
		}
	}
	fmt.Fprintf(&b, "\nOptions:\n%s", c.Flags().FlagUsagesWrapped(width))
	if c.Example != "" {
		fmt.Fprintf(&b, "\n%s\n", c.Example)
	}
	fmt.Fprint(c.OutOrStdout(), b.String()) // an error of it is the reader's, who asked for no more
}
