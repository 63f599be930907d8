// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"tailscale-mcp/internal/completion"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/tailnet"
)

// Everything that this program says to a person is said in this file: results
// on standard output, and on standard error "error:" with what is wrong and
// "hint:" with what to do about it.

// streams are the program's standard streams. They are files because the audit
// asks whether one of them is the journal.
type streams struct{ in, out, err *os.File }

// command is one subcommand. Help, completions and the test of the manual page
// are made from it.
type command struct {
	name    string
	usage   string // its arguments
	summary string
	flags   func() *flag.FlagSet
	words   func() []string // what its arguments can be; nil when anything
	run     func(ctx context.Context, s streams, args []string) error
}

func commands() []command {
	return []command{
		{"serve", "", "serve MCP on this host's Tailscale addresses (what the systemd unit runs; the default)", noFlags("serve"), nil, runServe},
		{"stdio", "", "serve the same tools on standard input and output, for the person who holds the credential", noFlags("stdio"), nil, runStdio},
		{"check", "--as LOGIN|TAG|NODE [TOOL]", "what a caller may use here, and by which grant",
			func() *flag.FlagSet { return checkFlags(new(string)) }, toolNames, runCheck},
		{"grant", "--src WHO [--read] [TOOL...]", "print a grant to paste into the tailnet policy file",
			func() *flag.FlagSet { return grantFlags(&grantOptions{}) }, toolNames, runGrant},
		{"tools", "[--json | --markdown]", "list the tools, resources and prompts that this version has, with class, group and scopes",
			func() *flag.FlagSet { return toolsFlags(&toolsOptions{}) }, nil, runTools},
		{"doctor", "", "walk the path a request takes and say at the first break what to do", noFlags("doctor"), nil, runDoctor},
		{"device", "[--wait] NAME", "whether this host has, or will have, that network device (for the units beside the socket)",
			func() *flag.FlagSet { return deviceFlags(new(bool)) }, nil, runDevice},
		{"completion", "bash|zsh|fish", "print the completions for a shell", noFlags("completion"), completion.Shells, runCompletion},
		{"version", "", "print the version", noFlags("version"), nil, runVersion},
		{"help", "[SUBCOMMAND]", "print this, or the help of a subcommand", noFlags("help"), names, runHelp},
	}
}

func names() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

// rootFlags are the flags without a subcommand, besides help.
func rootFlags(version *bool) *flag.FlagSet {
	flags := newFlags("tailscale-mcp")
	flags.BoolVar(version, "version", false, "print the version")
	return flags
}

// newFlags is the beginning of the flags of a subcommand. Their errors are
// reported like all others.
func newFlags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	return flags
}

// noFlags are the flags of a subcommand that has none.
func noFlags(name string) func() *flag.FlagSet {
	return func() *flag.FlagSet { return newFlags(name) }
}

// hinted is an error with a next step.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// errUsage is in the error of a wrong command line.
var errUsage = errors.New("usage")

// misused is a wrong command line: what is wrong with it and what to write.
func misused(hint, format string, args ...any) error {
	return usageError{hinted{fmt.Errorf(format, args...), hint}}
}

type usageError struct{ hinted }

func (usageError) Is(target error) bool { return target == errUsage }
func (u usageError) Unwrap() error      { return u.hinted }

// The exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2 // the command line is wrong, or the configuration that a subcommand reads
	// exitConfiguration is the daemon's for a configuration that cannot work
	// (EX_CONFIG of sysexits.h), at which the unit is not restarted. It is not 2:
	// the Go runtime too ends with that, after a panic and when the watchdog
	// strikes.
	exitConfiguration = 78
)

// run is the whole program; it returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	name := "serve"
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = args[0], args[1:]
	}
	if len(args) > 0 && (args[0] == "-h" || args[0] == "--help" || args[0] == "-help") && name == "serve" {
		usage(s.out)
		return exitDone
	}
	if len(args) == 1 && args[0] == "--version" {
		name, args = "version", nil
	}
	c, err := find(name)
	if err == nil {
		err = c.run(ctx, s, args)
	}
	if errors.Is(err, flag.ErrHelp) {
		c.help(s.out)
		return exitDone
	}
	return report(s.err, err)
}

func find(name string) (command, error) {
	for _, c := range commands() {
		if c.name == name {
			return c, nil
		}
	}
	return command{}, misused("tailscale-mcp help", "there is no subcommand %q", name)
}

func runHelp(_ context.Context, s streams, args []string) error {
	rest, err := parse(newFlags("help"), args)
	if err != nil {
		return err
	}
	if len(rest) == 0 {
		usage(s.out)
		return nil
	}
	c, err := find(rest[0])
	if err != nil {
		return err
	}
	if c.name == "serve" { // which is the program without a subcommand
		usage(s.out)
	} else {
		c.help(s.out)
	}
	return nil
}

// help is what was asked for with --help.
func (c command) help(w io.Writer) {
	fmt.Fprintf(w, "usage: %s\n%s\n", strings.TrimSpace("tailscale-mcp "+c.name+" "+c.usage), c.summary)
	flags := c.flags()
	flags.SetOutput(w)
	flags.PrintDefaults()
}

// report prints err and returns the exit code.
func report(w io.Writer, err error) int {
	var bad *config.Error
	var h hinted
	var failed *tailnet.Error
	var before reported
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &before):
		return before.code
	case errors.As(err, &bad):
		for _, p := range bad.Problems {
			value := ""
			if p.Value != "" {
				value = "=" + p.Value
			}
			fmt.Fprintf(w, "error: %s%s %s\nhint: %s\n", p.Name, value, p.Reason, p.Remedy)
		}
		fmt.Fprintf(w, "hint: correct this where it is set: in %s (then: systemctl restart tailscale-mcp.service), or in this shell\n", config.File)
		return exitUsage
	case errors.As(err, &h):
		fmt.Fprintf(w, "error: %v\nhint: %s\n", err, h.hint)
		if errors.Is(err, errUsage) {
			return exitUsage
		}
		return exitFailed
	case errors.As(err, &failed):
		fmt.Fprintf(w, "error: %s\nhint: %s\n", failed.Message, failed.Next)
		return exitFailed
	}
	fmt.Fprintf(w, "error: %v\n", err)
	return exitFailed
}

// reported is an error that has been reported before the end; it is the exit code.
type reported struct{ code int }

func (reported) Error() string { return "reported" }

// parse reads flags that may stand before and after the arguments.
func parse(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, misused("tailscale-mcp "+flags.Name()+" --help", "%w", err)
		}
		if args = flags.Args(); len(args) == 0 {
			return rest, nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

// none refuses arguments where a subcommand takes none.
func none(flags *flag.FlagSet, args []string) error {
	rest, err := parse(flags, args)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return misused("tailscale-mcp "+flags.Name()+" --help", "%s takes no argument %q", flags.Name(), rest[0])
	}
	return nil
}

func usage(w io.Writer) {
	fmt.Fprint(w, "tailscale-mcp serves a tailnet to assistants over MCP, to each caller what the tailnet policy file grants.\n\nusage: tailscale-mcp [subcommand]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-10s %s\n", c.name, c.summary)
	}
	fmt.Fprintf(w, "\ntailscale-mcp SUBCOMMAND --help shows its flags. serve has none: it is configured by variables, which systemd\n"+
		"gives it from %s. check, grant and doctor read that file too; serve and stdio started by hand\n"+
		"have the environment only. The shipped file describes each variable:\n\n", config.File)
	for _, v := range config.Reference() {
		fmt.Fprintf(w, "  %-34s %s\n", v.Name, v.Default)
	}
}
