// SPDX-License-Identifier: MIT

package mcpserver

import (
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/gate"
)

// A change that has to be confirmed asks the person, where the client can: the
// call is answered with input_required, and the client makes it again with the
// answer (multi round-trip requests, revision 2026-07-28). In between the server
// keeps the key of the question only, which is good for one answer. Clients of the
// older revisions are asked by the proxy, or have the argument confirm only: a
// request of ours would need a session.

// wanted is a field that the form once had. Who says there that the change is not
// wanted is believed.
const wanted = "wanted"

// inputRequired is the response that has the client ask the person. The form has no field: the
// person accepts it or does not.
func (x *exchange) inputRequired(q gate.Question) []byte {
	result := server.NewInputRequestBuilder("").Elicit(q.Key, mcp.ElicitationParams{
		Message:         q.Text,
		RequestedSchema: map[string]any{"type": "object", "properties": map[string]any{}},
	}).ToolResult()
	result.EnsureResultMeta().SetServerInfo(x.s.self)
	text := mustJSON(result)
	b := x.open(make([]byte, 0, len(text)+len(x.m.ID)+envelope))
	return append(append(b, text...), '}')
}

// answerOf is what the person said to the question with that key. Whatever is no
// clear yes is a no.
func answerOf(responses mcp.InputResponses, key string) gate.Answer {
	if _, ok := responses[key]; !ok {
		return gate.Unanswered
	}
	answer := server.ElicitationResponse(responses, key)
	if answer == nil || answer.Action != mcp.ElicitationResponseActionAccept {
		return gate.Declined
	}
	switch fields := answer.Content.(type) {
	case nil:
	case map[string]any:
		if said, ok := fields[wanted]; ok && said != true {
			return gate.Declined
		}
	default:
		return gate.Declined
	}
	return gate.Accepted
}
