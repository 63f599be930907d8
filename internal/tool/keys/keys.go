// SPDX-License-Identifier: MIT

// Package keys has the tools about auth keys and trust credentials. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package keys

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
