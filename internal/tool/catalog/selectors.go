// SPDX-License-Identifier: MIT

package catalog

import (
	"cmp"
	"slices"
	"sync"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
)

// known are the tools of this version, once they have been made for something.
var known struct {
	once  sync.Once
	tools []grant.Tool
}

// know keeps what grants decide about the tools of this version, which all returns; all of
// them take some megabytes to make.
func know(all func() []tool.Tool) {
	known.once.Do(func() {
		for _, t := range all() {
			known.tools = append(known.tools, t.Granted())
		}
		slices.SortFunc(known.tools, func(a, b grant.Tool) int { return cmp.Compare(a.Name, b.Name) })
	})
}

// Known returns what grants decide about every tool of this version, in the order of
// names.
func Known() []grant.Tool {
	know(func() []tool.Tool { return Everything("").Tools })
	return slices.Clone(known.tools)
}
