// SPDX-License-Identifier: MIT

// Package completion writes the completions of a command line for bash, zsh and
// fish. Both programs hand it the tables that they themselves parse, help and are
// documented by, so that a flag cannot be in one of these and not in the others.
//
// It imports the standard library only, and runs nothing.
package completion

import (
	"flag"
	"slices"
	"strings"
)

// Program is a whole command line.
type Program struct {
	Name string // as it is typed
	// Flags are those that stand without a command.
	Flags    []Flag
	Commands []Command
}

// Command is one command of a program.
type Command struct {
	Name    string
	Summary string // one line
	Flags   []Flag
	// Words are what its arguments can be; nil when anything.
	Words []string
	// Many says that there may be several of them.
	Many bool
	// Behind are the flags that may stand behind a "--": those of something that
	// it hands them on to.
	Behind []Flag
}

// Flag is a flag as help, completions and the manual page show it.
type Flag struct {
	Names []string // without dashes, the long one first
	Value string   // what stands behind it; "" for a switch
	Usage string   // may have several lines
	// Repeated says that it may be given several times.
	Repeated bool

	sets flag.Value
}

// Repeated is implemented by a flag.Value that may be set several times.
type Repeated interface{ Repeated() }

// Flags are the flags of a set by name. Two names that set the same are one
// flag. What stands behind a flag is in back quotes in its usage, and is no part
// of it where it begins it.
func Flags(set *flag.FlagSet) []Flag {
	var all []Flag
	set.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		usage = strings.TrimPrefix(usage, value+" ")
		for i, other := range all {
			if other.sets == f.Value {
				all[i].Names = append(other.Names, f.Name)
				slices.SortFunc(all[i].Names, func(a, b string) int { return len(b) - len(a) })
				return
			}
		}
		_, repeated := f.Value.(Repeated)
		all = append(all, Flag{[]string{f.Name}, value, usage, repeated, f.Value})
	})
	return all
}

// Dashed are the names as they are typed.
func (f Flag) Dashed() []string {
	typed := make([]string, len(f.Names))
	for i, name := range f.Names {
		typed[i] = strings.Repeat("-", min(len(name), 2)) + name
	}
	return typed
}

// Typed are all names of the flags, as they are typed, and that of help, which
// every command has.
func Typed(flags []Flag) []string { return append(dashed(flags), "--help") }

// dashed are all names of the flags, as they are typed.
func dashed(flags []Flag) []string {
	var all []string
	for _, f := range flags {
		all = append(all, f.Dashed()...)
	}
	return all
}

// Shells are those that there are completions for.
func Shells() []string { return []string{"bash", "zsh", "fish"} }

// Script is the completions of the program for one of [Shells], and "" for
// another shell.
func (p Program) Script(shell string) string {
	switch shell {
	case "bash":
		return p.bash()
	case "zsh":
		return p.zsh()
	case "fish":
		return p.fish()
	}
	return ""
}

func (p Program) names() []string {
	names := make([]string, len(p.Commands))
	for i, c := range p.Commands {
		names[i] = c.Name
	}
	return names
}

// root is what stands without a command, which has no name.
func (p Program) root() Command { return Command{Flags: p.Flags} }

// file reports whether a file's name stands behind the flag.
func (f Flag) file() bool { return f.Value == "FILE" || f.Value == "PATH" }

// summary is the flag's usage on one line.
func (f Flag) summary() string { return strings.ReplaceAll(f.Usage, "\n", " ") }

// quote is s as one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
