// SPDX-License-Identifier: MIT

// Package cli is what the command lines of both programs share around cobra: how
// arguments are read, how errors and help look, completions, and exit codes.
//
// A command prints to its own output ([cobra.Command.OutOrStdout]); a reader of
// that output who has gone is no error, see [Report]. Commands that speak a
// protocol on standard output use the file itself.
package cli

import (
	"context"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli/spelling"
)

// New completes the root of a program, whose subcommands are in it, with the
// commands version, completion and help, and the rules of this package. version is
// what the first prints behind the name of the program, and --version of any command.
func New(root *cobra.Command, version string) *cobra.Command {
	// Both are of package cobra, not of the command. The second would keep a
	// program from running that a desktop started.
	cobra.EnableCommandSorting = false
	cobra.MousetrapHelpText = ""
	help := helpCommand(root)
	root.AddCommand(versionCommand(root, version), completionCommand(root), help)
	root.SetHelpCommand(help)
	root.SetHelpFunc(printHelp)
	root.CompletionOptions.DisableDefaultCmd = true
	root.CompletionOptions.SetDefaultShellCompDirective(cobra.ShellCompDirectiveNoFileComp)
	root.SilenceErrors, root.SilenceUsage = true, true
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return misread(c.Flags(), c.CommandPath(), err) })
	complete(root, version)
	return root
}

// complete gives a command and those below it the rules of this package.
func complete(c *cobra.Command, version string) {
	c.DisableFlagsInUseLine = true
	c.InitDefaultHelpFlag()
	if c.Args == nil {
		c.Args = NoArguments
	}
	if c.RunE == nil { // it is its commands
		c.RunE = func(c *cobra.Command, _ []string) error {
			return Misused(seeHelp(c.CommandPath()), "name a command of %s: %s", c.CommandPath(), strings.Join(commandNames(c), ", "))
		}
	}
	takeVersion(c, version)
	for _, sub := range c.Commands() {
		complete(sub, version)
	}
}

// Run runs the command that args name. Its error is for [Report].
func Run(ctx context.Context, root *cobra.Command, args []string, stdout, stderr io.Writer) error {
	root.SetOut(&printer{w: stdout})
	root.SetErr(stderr)
	args = normalise(root, args)
	if len(args) > 0 && strings.HasPrefix(args[0], "-") && args[0] != "-h" && args[0] != "--help" {
		// Options before a command would be given to the command.
		if c, _, err := root.Find(args); err == nil && c != root {
			return Misused("the command comes first: "+c.UseLine(), "unexpected argument %q", c.Name())
		}
	}
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// NoArguments refuses arguments, with what to write where that can be guessed. A
// URL may hold a password and is not shown.
func NoArguments(c *cobra.Command, args []string) error {
	switch {
	case len(args) == 0:
		return nil
	case strings.Contains(args[0], "://"):
		if c.Flags().Lookup("server") == nil {
			return Misused(seeHelp(c.CommandPath()), "unexpected argument, a URL")
		}
		return Misused("write: "+c.CommandPath()+" --server URL", "unexpected argument, a URL")
	case c.HasSubCommands() && c.Flags().NFlag() == 0:
		return noCommand(c, args[0])
	}
	return Misused(seeHelp(c.CommandPath()), "unexpected argument %q", args[0])
}

// OneArgument refuses more or less than one argument, which is called what.
func OneArgument(what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return Misused("write: "+c.UseLine(), "%s is missing", what)
		case len(args) > 1:
			return Misused("write: "+c.UseLine(), "unexpected argument %q", args[1])
		}
		return nil
	}
}

// OptionalArgument refuses more than one argument.
func OptionalArgument(c *cobra.Command, args []string) error {
	if len(args) > 1 {
		return Misused("write: "+c.UseLine(), "unexpected argument %q", args[1])
	}
	return nil
}

// noCommand is the error for a name that no command below c has.
func noCommand(c *cobra.Command, name string) error {
	hint := c.CommandPath() + " --help lists the commands"
	if c == c.Root() {
		hint = c.Name() + " help lists the commands"
	}
	if near := spelling.Nearest(name, commandNames(c)); near != "" {
		hint = "did you mean " + c.CommandPath() + " " + near + "? " + hint
	}
	return Misused(hint, "there is no command %q", name)
}

func commandNames(of *cobra.Command) []string {
	var names []string
	for _, c := range of.Commands() {
		if !c.Hidden { // what cobra completes with
			names = append(names, c.Name())
		}
	}
	return names
}

// seeHelp points to the help of a command.
func seeHelp(command string) string { return "see: " + command + " --help" }
