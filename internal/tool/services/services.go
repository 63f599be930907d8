// SPDX-License-Identifier: MIT

// Package services has the tools about Tailscale Services. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package services

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
