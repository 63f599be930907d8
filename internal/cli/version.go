// SPDX-License-Identifier: MIT

package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

// versionFlag is the option that has any command print the version instead.
const versionFlag = "version"

func versionCommand(root *cobra.Command, version string) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		RunE:  func(c *cobra.Command, _ []string) error { return printVersion(c, root, version) },
	}
}

func printVersion(c, root *cobra.Command, version string) error {
	_, err := fmt.Fprintln(c.OutOrStdout(), root.Name(), version)
	return err
}

// takeVersion gives the command the option --version. It stands in for the arguments
// that a subcommand needs, but not for a command that there is not. Help shows it
// with the root only. Cobra's own would say on standard
// error that the reader of the version has gone.
func takeVersion(c *cobra.Command, version string) {
	root, args, run := c.Root(), c.Args, c.RunE
	if c.Flags().Lookup(versionFlag) == nil {
		c.Flags().Bool(versionFlag, false, "print the version")
		c.Flags().Lookup(versionFlag).Hidden = c != root
	}
	asked := func() bool {
		on, err := c.Flags().GetBool(versionFlag)
		return err == nil && on
	}
	c.Args = func(c *cobra.Command, given []string) error {
		if asked() && c != root {
			return nil
		}
		return args(c, given)
	}
	c.RunE = func(c *cobra.Command, given []string) error {
		if asked() {
			return printVersion(c, root, version)
		}
		return run(c, given)
	}
}
