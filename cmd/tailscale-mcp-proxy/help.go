// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

func runHelp(_ context.Context, s streams, args []string) error {
	rest, err := parseFlags(newFlags("help"), args)
	if err != nil {
		return err
	}
	c := relay()
	if len(rest) > 0 {
		if c, _, err = find(rest[:1]); err != nil {
			return err
		}
	}
	_, err = io.WriteString(s.out, c.help())
	return err
}

// help is what --help of the command prints.
func (c command) help() string {
	var b strings.Builder
	if c.name == "" {
		b.WriteString(introduction)
		for _, other := range commands() {
			fmt.Fprintf(&b, "  %-10s %s\n", other.name, other.summary)
		}
		fmt.Fprintf(&b, "\nFlags (those of a command: %s COMMAND --help):\n", program)
	} else {
		fmt.Fprintf(&b, "usage: %s\n%s\n", strings.TrimSpace(program+" "+c.name+" "+c.args), c.summary)
		b.WriteString(c.details)
		if len(flagsOf(c.flags())) > 0 {
			b.WriteString("\nFlags:\n")
		}
	}
	for _, f := range flagsOf(c.flags()) {
		names := f.dashed()
		slices.Reverse(names) // the short one first
		const width = 28
		head := strings.TrimSpace("  " + strings.Join(names, ", ") + " " + f.value)
		fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(fmt.Sprintf("%-*s%s", width, head, f.usage), "\n", "\n  "+strings.Repeat(" ", width)))
	}
	if c.name == "" {
		b.WriteString(conclusion)
	}
	return b.String()
}

const introduction = `tailscale-mcp-proxy gives an MCP client that speaks stdio the server at a URL.

Usage:
  tailscale-mcp-proxy --server URL [flags]
  tailscale-mcp-proxy COMMAND [flags]

A client starts it as the command of a server, for example:
  {"mcpServers": {"tailscale": {
    "command": "tailscale-mcp-proxy",
    "args": ["--server", "http://ts-mcp:8080/mcp"]}}}

Commands, for a person:
`

const conclusion = `
Identity: when the local tailscaled runs and the server is a node of its
tailnet, requests carry X-Tailscale-User, X-Tailscale-Node and X-Tailscale-Tags.
They inform the server, which decides by what its own tailscaled says.

Exit codes:
  0  the client ended the connection, or a signal asked to stop
  1  stdin or stdout failed, or a command could not do what it was asked
  2  the command line or the environment is wrong
`

// flagInfo is a flag as help, completions and the man page show it.
type flagInfo struct {
	names []string // without dashes, the long one first
	value string   // what stands behind it; "" for a switch
	usage string
	// repeated says that it may be given several times.
	repeated bool
	sets     flag.Value
}

// dashed are the names as they are typed.
func (f flagInfo) dashed() []string {
	typed := make([]string, len(f.names))
	for i, name := range f.names {
		typed[i] = strings.Repeat("-", min(len(name), 2)) + name
	}
	return typed
}

// flagsOf are the flags of a set by name. Two names that set the same are one
// flag. A usage begins with what stands behind the flag, in back quotes.
func flagsOf(set *flag.FlagSet) []flagInfo {
	var all []flagInfo
	set.VisitAll(func(f *flag.Flag) {
		value, usage := flag.UnquoteUsage(f)
		usage = strings.TrimPrefix(usage, value+" ")
		for i, other := range all {
			if other.sets == f.Value {
				all[i].names = append(other.names, f.Name)
				slices.SortFunc(all[i].names, func(a, b string) int { return len(b) - len(a) })
				return
			}
		}
		_, repeated := f.Value.(*list)
		all = append(all, flagInfo{[]string{f.Name}, value, usage, repeated, f.Value})
	})
	return all
}
