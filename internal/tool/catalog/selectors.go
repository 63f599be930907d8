// SPDX-License-Identifier: MIT

package catalog

import (
	"slices"
	"sync"

	"tailscale-mcp/internal/grant"
)

// known are the tools of this version.
var known = sync.OnceValue(func() []grant.Tool {
	var all []grant.Tool
	for _, t := range Everything("").Tools {
		all = append(all, t.Granted())
	}
	return all
})

// Known returns what grants decide about every tool of this version, in the order of
// names.
func Known() []grant.Tool { return slices.Clone(known()) }
