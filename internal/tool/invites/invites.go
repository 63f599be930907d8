// SPDX-License-Identifier: MIT

// Package invites has the tools about invitations of people and shares of devices. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package invites

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
