// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"tailscale-mcp/internal/completion"
)

// notBehind are the flags of the relay that install takes itself or that a client
// has no use for.
var notBehind = []string{"server", "version"}

// commandLine is what completions are made from: the tables that the program
// itself uses.
func commandLine() completion.Program {
	p := completion.Program{Name: program, Flags: completion.Flags(relay().flags())}
	for _, c := range commands() {
		complete := completion.Command{Name: c.name, Summary: c.summary, Flags: completion.Flags(c.flags())}
		if c.words != nil {
			complete.Words = c.words()
		}
		if c.name == "install" {
			complete.Behind = completion.Flags(relay().flags())
			complete.Behind = slices.DeleteFunc(complete.Behind, func(f completion.Flag) bool { return slices.Contains(notBehind, f.Names[0]) })
		}
		p.Commands = append(p.Commands, complete)
	}
	return p
}

func runCompletion(_ context.Context, s streams, args []string) error {
	rest, err := parseFlags(newFlags("completion"), args)
	if err != nil {
		return err
	}
	known := strings.Join(completion.Shells(), ", ")
	if len(rest) != 1 {
		return misused("for example: source <("+program+" completion bash)", "name one shell: %s", known)
	}
	script := commandLine().Script(rest[0])
	if script == "" {
		return misused("the shells are: "+known, "there is no completion for %q", rest[0])
	}
	_, err = io.WriteString(s.out, script)
	return err
}
