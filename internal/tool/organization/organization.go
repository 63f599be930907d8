// SPDX-License-Identifier: MIT

// Package organization has the tools about the organization's tailnets. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package organization

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
