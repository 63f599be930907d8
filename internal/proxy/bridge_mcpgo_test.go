// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// TestPX22MCPGo is the bridge in front of a real server of the kind the daemon
// is, without sessions: speaking both eras, and the newer one only.
func TestPX22MCPGo(t *testing.T) {
	for name, options := range map[string][]server.StreamableHTTPOption{
		"both eras":   nil,
		"modern only": {server.WithStreamableHTTPProtocolVersions("2026-07-28")},
	} {
		t.Run(name, func(t *testing.T) {
			m := server.NewMCPServer("test", "1", server.WithToolCapabilities(true), server.WithLogging(), server.WithInstructions("hello"))
			m.AddTool(mcp.NewTool("greet"), func(ctx context.Context, req mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				if a := server.ElicitationResponse(req.Params.InputResponses, "name"); a != nil {
					return mcp.NewToolResultText("Hello, " + a.Content.(map[string]any)["name"].(string)), nil
				}
				return server.NewInputRequestBuilder("").Elicit("name", mcp.ElicitationParams{
					Message: "Your name?", RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{"name": map[string]any{"type": "string"}}},
				}).ToolResult(), nil
			})
			s := httptest.NewServer(server.NewStreamableHTTPServer(m, append(options, server.WithStateLess(true),
				server.WithDisableStreaming(true), server.WithStreamableHTTPLogger(slog.New(slog.DiscardHandler)))...))
			t.Cleanup(func() {
				s.CloseClientConnections()
				s.Close()
			})
			c := connect(t, s.URL+"/mcp")
			c.send(asking)
			if got := c.answer(`"init"`); !strings.Contains(got, `"protocolVersion":"2025-06-18"`) || !strings.Contains(got, `"hello"`) {
				t.Errorf("initialize: got %s, want the client's version and the server's instructions", got)
			}
			c.send(greeting, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, `{"jsonrpc":"2.0","id":2,"method":"logging/setLevel","params":{"level":"error"}}`,
				`{"jsonrpc":"2.0","id":3,"method":"tools/list"}`, `{"jsonrpc":"2.0","id":4,"method":"no/such"}`, legacyCall("5", "greet"))
			for id, want := range map[string]string{"1": `"result":{}`, "2": `"result":{}`, "3": `"greet"`, "4": `-32601`} {
				if got := c.answer(id); !strings.Contains(got, want) {
					t.Errorf("%s: got %s, want %s", id, got, want)
				}
			}
			c.send(`{"jsonrpc":"2.0","id":` + idOf(t, c.method("elicitation/create")) + `,"result":{"action":"accept","content":{"name":"Ada"}}}`)
			if got := c.answer("5"); !strings.Contains(got, "Hello, Ada") {
				t.Errorf("got %s, want the greeting", got)
			}
			// The client hears of changes, although the server keeps no sessions.
			// Nothing says when the server has begun to tell of them.
			waitUntil(t, "notifications/tools/list_changed", func() bool {
				m.AddTool(mcp.NewTool("new"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) { return nil, nil })
				return c.has("notifications/tools/list_changed")
			})
		})
	}
}
