// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"io"
	"strings"

	"tailscale-mcp/internal/completion"
)

// commandLine is what completions are made from: the tables that the program
// itself uses.
func commandLine() completion.Program {
	p := completion.Program{Name: "tailscale-mcp", Flags: completion.Flags(rootFlags(new(bool)))}
	for _, c := range commands() {
		complete := completion.Command{Name: c.name, Summary: c.summary, Flags: completion.Flags(c.flags()), Many: c.name == "grant"}
		if c.words != nil {
			complete.Words = c.words()
		}
		p.Commands = append(p.Commands, complete)
	}
	return p
}

func runCompletion(_ context.Context, s streams, args []string) error {
	rest, err := parse(newFlags("completion"), args)
	if err != nil {
		return err
	}
	known := strings.Join(completion.Shells(), ", ")
	if len(rest) != 1 {
		return misused("for example: source <(tailscale-mcp completion bash)", "name one shell: %s", known)
	}
	script := commandLine().Script(rest[0])
	if script == "" {
		return misused("the shells are: "+known, "there is no completion for %q", rest[0])
	}
	_, err = io.WriteString(s.out, script)
	return err
}
