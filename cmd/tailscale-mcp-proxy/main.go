// SPDX-License-Identifier: MIT

// Command tailscale-mcp-proxy gives an MCP client that speaks stdio the server
// at a URL of the tailnet. It is configured in the client as the command of a
// server:
//
//	tailscale-mcp-proxy --server http://ts-mcp:8080/mcp
//
// Messages go over stdin and stdout; everything else goes to stderr.
package main

import (
	"context"
	"os"

	"tailscale-mcp/internal/proxy/ending"
)

func main() {
	ending.IgnoreBrokenPipes()
	os.Exit(run(context.Background(), os.Args[1:], os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
