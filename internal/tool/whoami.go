// SPDX-License-Identifier: MIT

package tool

import (
	"context"
	"encoding/json"

	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
)

// WhoAmI is the set with the one tool that every identified caller may call.
func WhoAmI() Set {
	return Set{Tools: []Tool{New(Definition{
		Name:        "whoami",
		Title:       "Who am I to this server",
		Group:       "local",
		Class:       grant.Read,
		ForEveryone: true,
		Example:     json.RawMessage(`{}`),
		Description: "Tells who the server takes you for (as tailscaled attests, not as you say), which tools, resources and prompts you may use, " +
			"which you may not, and the grant an administrator would add to let you read them. Call it first when something was refused. Costs nothing upstream.",
	}, func(_ context.Context, call Call, _ struct{}) (gate.WhoAmIResult, error) {
		return call.WhoAmI(), nil
	})}}
}
