// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"
	"strings"
)

// shells are those that completions are made for, each by its generator. All
// are made from the tables that the program itself uses.
var shells = map[string]func([]command) string{
	"bash": bashCompletion,
	"zsh":  zshCompletion,
	"fish": fishCompletion,
}

func shellNames() []string { return []string{"bash", "zsh", "fish"} }

func runCompletion(_ context.Context, s streams, args []string) error {
	rest, err := parseFlags(newFlags("completion"), args)
	if err != nil {
		return err
	}
	known := strings.Join(shellNames(), ", ")
	if len(rest) != 1 {
		return misused("for example: source <("+program+" completion bash)", "name one shell: %s", known)
	}
	generate := shells[rest[0]]
	if generate == nil {
		return misused("the shells are: "+known, "there is no completion for %q", rest[0])
	}
	_, err = io.WriteString(s.out, generate(commands()))
	return err
}

// file reports whether a file's name stands behind the flag.
func (f flagInfo) file() bool { return f.value == "FILE" || f.value == "PATH" }

// summary is the flag's usage on one line.
func (f flagInfo) summary() string { return strings.ReplaceAll(f.usage, "\n", " ") }

// typed are all names of the flags, as they are typed.
func typed(flags []flagInfo) []string {
	var all []string
	for _, f := range flags {
		all = append(all, f.dashed()...)
	}
	return append(all, "--help")
}

// quote is s as one word of a POSIX shell.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
