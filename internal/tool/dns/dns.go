// SPDX-License-Identifier: MIT

// Package dns has the tools about the tailnet's DNS. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package dns

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
