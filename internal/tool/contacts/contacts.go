// SPDX-License-Identifier: MIT

// Package contacts has the tools about the tailnet's contact addresses. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package contacts

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
