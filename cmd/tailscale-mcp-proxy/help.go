// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"tailscale-mcp/internal/completion"
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
	flags := completion.Flags(c.flags())
	if c.name == "" {
		b.WriteString(introduction)
		for _, other := range commands() {
			fmt.Fprintf(&b, "  %-12s%s\n", other.name, other.summary)
		}
		fmt.Fprintf(&b, "\nFlags (those of a command: %s COMMAND --help):\n", program)
	} else {
		fmt.Fprintf(&b, "usage: %s\n%s\n", strings.TrimSpace(program+" "+c.name+" "+c.args), c.summary)
		b.WriteString(c.details)
		if len(flags) > 0 {
			b.WriteString("\nFlags:\n")
		}
	}
	for _, f := range flags {
		names := f.Dashed()
		slices.Reverse(names) // the short one first
		const width = 28
		head := strings.TrimSpace("  " + strings.Join(names, ", ") + " " + f.Value)
		fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(fmt.Sprintf("%-*s%s", width, head, f.Usage), "\n", "\n  "+strings.Repeat(" ", width)))
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
