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
		Description: "Tells who the server takes you for (as tailscaled attests, not as you say), what you may use by class and group, what you may not, what this host " +
			"does not offer to anybody and why, and the grant with which an administrator would let you read everything. Call it first when something was refused or is missing.",
	}, func(_ context.Context, call Call, _ struct{}) (gate.WhoAmIResult, error) {
		return call.WhoAmI(), nil
	})}}
}
