// SPDX-License-Identifier: MIT

package main

import (
	"flag"
	"strconv"
	"strings"
	"time"
)

// misread is what package flag says against a command line, in the words of
// this program: options with two dashes, and the form that a value has.
func misread(flags *flag.FlagSet, err error) error {
	see, said := seeHelp(flags.Name()), err.Error()
	if name, ok := strings.CutPrefix(said, "flag provided but not defined: -"); ok {
		if name == "header" {
			return misused("others can read a command line: write the header into a file, as \"Name: value\", and name that with --header-file; or use --header-env", "there is no option --header")
		}
		return misused(see, "there is no option %s", dashed(name))
	}
	if name, ok := strings.CutPrefix(said, "flag needs an argument: -"); ok {
		return misused(see, "%s: its value is missing", dashed(name))
	}
	head, rest, ok := cutLast(said, " for flag -")
	if !ok {
		if head, rest, ok = cutLast(said, " for -"); !ok {
			return misused(see, "%w", err)
		}
	}
	name, _, _ := strings.Cut(rest, ":")
	_, quoted, _ := strings.Cut(head, "value ")
	value, _ := strconv.Unquote(quoted) // as package flag quoted it
	f := flags.Lookup(name)
	if f == nil {
		return misused(see, "%w", err)
	}
	return badValue(flags, f, dashed(name), value)
}

// badValue says that a flag cannot have the value that from gives it.
func badValue(flags *flag.FlagSet, f *flag.Flag, from, value string) error {
	if f.Name == "header-env" { // where a secret may stand by mistake
		return misused(headerEnvForm, "%s: an empty value", from)
	}
	hint := seeHelp(flags.Name())
	if g, ok := f.Value.(flag.Getter); ok {
		switch g.Get().(type) {
		case time.Duration:
			hint = "it is a time such as 500ms or 5s"
			if _, err := strconv.ParseFloat(value, 64); err == nil {
				hint = "a time has a unit: write " + value + "s"
			}
		case int:
			hint = "it is a number of bytes, such as 1048576"
		case bool:
			hint = "it is true or false"
		}
	}
	return misused(hint, "%s: invalid value %q", from, value)
}

// dashed is the name of a flag as it is typed.
func dashed(name string) string { return strings.Repeat("-", min(len(name), 2)) + name }

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// misplaced is a wrong argument of a command that takes none, with what to
// write if that can be guessed. An URL may hold a password, and is not shown.
func misplaced(flags *flag.FlagSet, arg string) error {
	command := strings.TrimSpace(program + " " + flags.Name())
	if strings.Contains(arg, "://") {
		if flags.Lookup("server") == nil {
			return misused(seeHelp(flags.Name()), "unexpected argument, a URL")
		}
		return misused("write: "+command+" --server URL", "unexpected argument, a URL")
	}
	if flags.Name() == "" && known(arg) {
		return misused("the command comes first: "+program+" "+arg+" --server URL", "unexpected argument %q", arg)
	}
	return misused(seeHelp(flags.Name()), "unexpected argument %q", arg)
}
