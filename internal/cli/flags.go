// SPDX-License-Identifier: MIT

package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"tailscale-mcp/internal/cli/spelling"
)

// Former is a kind of flag value that may be a secret by mistake: it says itself
// what form it has, and what was given instead is not shown.
type Former interface{ Form() string }

// Parse reads args as the options of a command that takes no arguments. The
// command is named in hints.
func Parse(flags *pflag.FlagSet, command string, args []string) error {
	flags.Usage = func() {} // what pflag prints by itself for --help
	if err := flags.Parse(dashes(flags, args)); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return misread(flags, command, err)
	}
	if flags.NArg() > 0 {
		return Misused(seeHelp(command), "unexpected argument %q", flags.Arg(0))
	}
	return nil
}

// misread is the error of package pflag in the words of this package.
func misread(flags *pflag.FlagSet, command string, err error) error {
	var (
		unknown *pflag.NotExistError
		missing *pflag.ValueRequiredError
		invalid *pflag.InvalidValueError
	)
	switch {
	case errors.As(err, &unknown):
		return noFlag(flags, command, unknown.GetSpecifiedName())
	case errors.As(err, &missing):
		return Misused(seeHelp(command), "%s: its value is missing", Dashed(missing.GetSpecifiedName()))
	case errors.As(err, &invalid):
		return BadValue(invalid.GetFlag(), command, Dashed(invalid.GetFlag().Name), invalid.GetValue(), invalid.Unwrap())
	}
	return Misused(seeHelp(command), "%w", err)
}

// instead begins the annotation of a flag that is to be used instead of another
// that there is not.
const instead = "instead of "

// Instead says what to write in place of the option missing, which there is not:
// hint, which names the flag with that name.
func Instead(flags *pflag.FlagSet, name, missing, hint string) {
	flags.Lookup(name).Annotations = map[string][]string{instead + missing: {hint}}
}

// noFlag is the error for an option that there is not.
func noFlag(flags *pflag.FlagSet, command, name string) error {
	hint, known := seeHelp(command), []string(nil)
	var own []string
	flags.VisitAll(func(f *pflag.Flag) {
		known = append(known, f.Name)
		own = append(own, f.Annotations[instead+name]...)
	})
	if len(own) > 0 {
		hint = own[0]
	} else if near := spelling.Nearest(name, known); near != "" {
		hint = "did you mean " + Dashed(near) + "? " + hint
	}
	return Misused(hint, "there is no option %s", Dashed(name))
}

// BadValue says that a flag of the command cannot have the value that from, the
// flag or a variable, gives it: err is what the flag said.
func BadValue(f *pflag.Flag, command, from, value string, err error) error {
	if own, ok := f.Value.(Former); ok {
		return Misused(own.Form(), "%s: %w", from, err)
	}
	hint := seeHelp(command)
	switch f.Value.Type() {
	case "duration":
		hint = "it is a time such as 500ms or 5s"
		if _, err := strconv.ParseFloat(value, 64); err == nil {
			hint = "a time has a unit: write " + value + "s"
		}
	case "int":
		hint = "it is a number of bytes, such as 1048576"
	case "bool":
		hint = "it is true or false"
	default:
		return Misused(hint, "%s: invalid value %q: %w", from, value, err)
	}
	return Misused(hint, "%s: invalid value %q", from, value)
}

// Dashed is the name of a flag as it is typed.
func Dashed(name string) string { return strings.Repeat("-", min(len(name), 2)) + name }

// Typed are the flags of a set, with both names, as they are typed; without those
// that every command has and help does not show.
func Typed(flags *pflag.FlagSet) []string {
	var all []string
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" || f.Hidden {
			return
		}
		all = append(all, "--"+f.Name)
		if f.Shorthand != "" {
			all = append(all, "-"+f.Shorthand)
		}
	})
	return all
}

// described is a line about a flag for completions.
func described(f *pflag.Flag) string {
	_, text := pflag.UnquoteUsage(f)
	return fmt.Sprintf("--%s\t%s", f.Name, text)
}
