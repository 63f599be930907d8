// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"slices"

	"tailscale.com/client/local"
	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/tailnet"
)

// operatorConfig is the daemon's configuration as far as a person's shell can
// see it, with a word about what it cannot.
func operatorConfig(s streams) (config.Config, error) {
	cfg, read, err := config.LoadWithFile(config.File)
	if err == nil && !read {
		fmt.Fprintf(s.err, "note: cannot read %s (absent, or run this with sudo): the daemon's settings may differ from what follows\n", config.File)
	}
	return cfg, err
}

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
