// SPDX-License-Identifier: MIT

// Package posture has the tools about device posture integrations. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package posture

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
