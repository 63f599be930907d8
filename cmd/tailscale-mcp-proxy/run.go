// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// Exit codes.
const (
	exitEnded  = 0 // it is done; for the relay: stdin ended, or a signal asked to stop
	exitFailed = 1 // it could not be done; for the relay: stdin or stdout failed
	exitUsage  = 2 // the command line or the environment is wrong
)

// streams are what a command reads and writes.
type streams struct {
	environ  []string
	in       io.Reader
	out, err io.Writer
}

// run is the program; it returns the exit code. Without a subcommand it is the
// relay, as a client starts it.
func run(ctx context.Context, args, environ []string, stdin io.Reader, stdout, stderr io.Writer) int {
	s := streams{environ, stdin, stdout, stderr}
	c, args, err := find(args)
	if err == nil {
		err = c.run(ctx, s, args)
	}
	var code exitCode
	switch {
	case errors.Is(err, errHelp):
		fmt.Fprint(s.out, c.help())
		return exitEnded
	case errors.As(err, &code):
		return int(code)
	}
	return complain(s.err, err)
}

// exitCode is the end of a command that has said all there is to say.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// errHelp is in the error of a command that was asked for its help.
var errHelp = flag.ErrHelp

// hintedError is an error with the next step for a person.
type hintedError struct {
	error
	hint string
}

func (e *hintedError) Unwrap() error { return e.error }

func hinted(hint, format string, args ...any) error {
	return &hintedError{error: fmt.Errorf(format, args...), hint: hint}
}

// errUsage is in the error of a wrong command line or environment.
var errUsage = errors.New("usage")

type usageError struct{ error }

func (usageError) Is(target error) bool { return target == errUsage }
func (e usageError) Unwrap() error      { return e.error }

// misused is a wrong command line or environment: what is wrong with it and
// what to write.
func misused(hint, format string, args ...any) error {
	return usageError{hinted(hint, format, args...)}
}

// complain says what is wrong and what to do about it, and returns the exit
// code that belongs to it.
func complain(w io.Writer, err error) int {
	if err == nil {
		return exitEnded
	}
	fmt.Fprintf(w, "error: %v\n", err)
	var h *hintedError
	if errors.As(err, &h) {
		fmt.Fprintf(w, "hint: %s\n", h.hint)
	}
	if errors.Is(err, errUsage) {
		return exitUsage
	}
	return exitFailed
}

// parseFlags reads flags that may stand before and after the arguments.
func parseFlags(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, errHelp) {
				return nil, err
			}
			return nil, misread(flags, err)
		}
		if args = flags.Args(); len(args) == 0 {
			return rest, nil
		}
		rest, args = append(rest, args[0]), args[1:]
	}
}

// parseNone is parseFlags where there is no argument.
func parseNone(flags *flag.FlagSet, args []string) error {
	rest, err := parseFlags(flags, args)
	if err == nil && len(rest) > 0 {
		err = misplaced(flags, rest[0])
	}
	return err
}

// seeHelp points to the help of a command.
func seeHelp(command string) string {
	return "see: " + strings.TrimSpace(program+" "+command) + " --help"
}
