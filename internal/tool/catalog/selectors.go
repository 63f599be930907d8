// SPDX-License-Identifier: MIT

package catalog

import (
	"slices"
	"sync"

	"tailscale-mcp/internal/grant"
)

// known are the tools of this version, once somebody has asked for them.
var known struct {
	once  sync.Once
	tools []grant.Tool
}

// Known returns what grants decide about every tool of this version, in the order of
// names.
func Known() []grant.Tool {
	known.once.Do(func() {
		for _, t := range Everything("").Tools {
			known.tools = append(known.tools, t.Granted())
		}
	})
	return slices.Clone(known.tools)
}
