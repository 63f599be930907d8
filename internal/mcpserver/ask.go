// SPDX-License-Identifier: MIT

package mcpserver

import (
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/tool"
)

// A change that has to be confirmed asks the person, where the client can: the
// call is answered with input_required, and the client makes it again with the
// answer (multi round-trip requests, revision 2026-07-28). The server keeps
// nothing in between. Clients of the older revisions are asked by the proxy, or
// have the argument confirm only: a request of ours would need a session.

// wanted is the one field of the form.
const wanted = "wanted"

// ask is the answer that has the client ask the person.
func ask(q tool.Question) *mcp.CallToolResult {
	return server.NewInputRequestBuilder("").Elicit(q.Key, mcp.ElicitationParams{
		Message: q.Text,
		RequestedSchema: map[string]any{
			"type": "object",
			"properties": map[string]any{
				wanted: map[string]any{"type": "boolean", "title": "Make this change", "description": "Whether the change is made", "default": false},
			},
			"required": []string{wanted},
		},
	}).ToolResult()
}

// answerOf is what the person said to the question with that key. Whatever is no
// clear yes is a no.
func answerOf(responses mcp.InputResponses, key string) tool.Answer {
	if _, ok := responses[key]; !ok {
		return tool.Unanswered
	}
	answer := server.ElicitationResponse(responses, key)
	if answer == nil || answer.Action != mcp.ElicitationResponseActionAccept {
		return tool.Declined
	}
	fields, _ := answer.Content.(map[string]any)
	if yes, _ := fields[wanted].(bool); !yes {
		return tool.Declined
	}
	return tool.Accepted
}
