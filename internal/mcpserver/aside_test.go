// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"net/http"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// aside answers calls of what fill adds to an mcp-go server.
func aside(fill func(*server.MCPServer)) Aside {
	m := server.NewMCPServer("aside", "1")
	fill(m)
	return func(ctx context.Context, _ http.Header, message []byte) mcp.JSONRPCMessage {
		answer := m.HandleMessage(ctx, message)
		if failed, ok := answer.(mcp.JSONRPCError); ok && failed.Error.Code != mcp.INTERNAL_ERROR {
			return nil
		}
		return answer
	}
}
