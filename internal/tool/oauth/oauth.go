// SPDX-License-Identifier: MIT

// Package oauth has the tools about OAuth apps. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package oauth

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
