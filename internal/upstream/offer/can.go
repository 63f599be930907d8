// SPDX-License-Identifier: MIT

package offer

import (
	"encoding/json"

	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/pin"
)

// Can is what a server says that it can, as it was approved and as far as it is passed on
// to clients.
type Can struct {
	Resources, Completions bool
	// Subscribe and Logging are for a client that has a process of its own.
	Subscribe, Logging bool
}

// CanOf returns that of a server.
func CanOf(s entry.Server, p pin.Pin) (can Can) {
	var has struct {
		Completions, Logging, Resources json.RawMessage
	}
	if p.Capabilities == nil || json.Unmarshal(p.Capabilities.Definition, &has) != nil {
		return can
	}
	var resources struct{ Subscribe bool }
	can.Resources, can.Completions = has.Resources != nil, has.Completions != nil
	can.Logging = has.Logging != nil && !s.Shared
	can.Subscribe = can.Resources && !s.Shared && json.Unmarshal(has.Resources, &resources) == nil && resources.Subscribe
	return can
}
