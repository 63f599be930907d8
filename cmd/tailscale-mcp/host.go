// SPDX-License-Identifier: MIT

package main

import (
	"slices"

	"tailscale.com/client/local"
	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/tailnet"
)

// localClient reaches the tailscaled of this host.
func localClient(cfg config.Config) *local.Client {
	return tailnet.LocalClient(cfg.TailscaledSocket)
}

// hostName is how a grant names this host: its first tag, else its address.
func hostName(status *ipnstate.Status) string {
	if self := status.Self; self != nil && self.Tags != nil && self.Tags.Len() > 0 {
		return slices.Min(self.Tags.AsSlice())
	}
	if len(status.TailscaleIPs) > 0 {
		return status.TailscaleIPs[0].String()
	}
	return ""
}
