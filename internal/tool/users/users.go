// SPDX-License-Identifier: MIT

// Package users has the tools about the people of the tailnet. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package users

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
