// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"flag"
	"io"
	"slices"
	"strings"

	"tailscale-mcp/internal/completion"
	"tailscale-mcp/internal/install"
)

const program = "tailscale-mcp-proxy"

// command is one subcommand. Help, completions and the test of the man page
// are made from it.
type command struct {
	name    string
	args    string // its arguments
	summary string
	details string // further paragraphs of its help
	flags   func() *flag.FlagSet
	words   func() []string // what its arguments can be; nil when anything
	run     func(ctx context.Context, s streams, args []string) error
}

func commands() []command {
	return []command{
		{"install", "CLIENT --server URL [flags] [-- PROXY FLAGS]", "enter the proxy in the configuration of a client", installDetails,
			func() *flag.FlagSet { return installFlags("install", &installOptions{}) }, install.Names, runInstall},
		{"uninstall", "CLIENT [flags]", "undo what install has done", uninstallDetails,
			func() *flag.FlagSet { return installFlags("uninstall", &installOptions{}) }, install.Names, runUninstall},
		{"doctor", "--server URL [flags]", "walk the way of a request, and say at the first break what to do", doctorDetails,
			func() *flag.FlagSet { return doctorFlags(&options{}, new(bool)) }, nil, runDoctor},
		{"completion", "bash|zsh|fish", "print the completions for a shell", "", none("completion"), completion.Shells, runCompletion},
		{"version", "", "print the version", "", none("version"), nil, runVersion},
		{"help", "[COMMAND]", "print this, or the help of a command", "", none("help"), names, runHelp},
	}
}

// relay is what runs without a subcommand.
func relay() command {
	return command{args: "--server URL", flags: func() *flag.FlagSet { return relayFlags(&options{}) }, run: runRelay}
}

// known reports whether there is a command of that name.
func known(name string) bool { return slices.Contains(names(), name) }

func names() []string {
	all := commands()
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = c.name
	}
	return names
}

// newFlags is the beginning of the flags of a command. Their errors are
// reported like all others.
func newFlags(command string) *flag.FlagSet {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// none are the flags of a command that has none.
func none(command string) func() *flag.FlagSet {
	return func() *flag.FlagSet { return newFlags(command) }
}

// find tells the command that args begin with, and its own arguments.
func find(args []string) (command, []string, error) {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return relay(), args, nil
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c, args[1:], nil
		}
	}
	if strings.Contains(args[0], "://") {
		return command{}, nil, misplaced(relayFlags(&options{}), args[0])
	}
	return command{}, nil, misused(program+" help", "there is no command %q", args[0])
}
