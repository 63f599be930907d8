// SPDX-License-Identifier: MIT

package servers

import (
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/upstream/pin"
)

// Approve pins what a server shows now; a tool that has no class here is destructive.
func (h *Host) Approve(name string, classes map[string]grant.Class) {
	h.t.Helper()
	if err := h.Host.Approve(h.t.Context(), name, pin.Approval{Classes: classes}); err != nil {
		h.t.Fatal(err)
	}
}
