// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"tailscale-mcp/internal/config"
)

// deviceTimeout bounds how long a tailscaled that is starting is waited for.
const deviceTimeout = 15 * time.Second

// runDevice says for the units beside tailscale-mcp.socket whether there is, or
// will be in a moment, the network device that the socket is bound to. Only
// tailscaled knows that. It says that it is ready before it makes its device, if it
// makes one at all; but it answers no question before that.
func runDevice(ctx context.Context, _ streams, args []string) error {
	names, err := parse(newFlags("device"), args)
	if err != nil {
		return err
	}
	if len(names) != 1 {
		return misused("tailscale-mcp device tailscale0", "device takes the name of one network device")
	}
	if _, err := net.InterfaceByName(names[0]); err == nil {
		return nil
	}
	// A mistake in the configuration is for the daemon to report. What is said
	// there about the socket of tailscaled is not known then, and the usual one
	// is most likely.
	cfg, _ := config.Load()
	ctx, cancel := context.WithTimeout(ctx, deviceTimeout)
	defer cancel()
	_, asked := localClient(cfg).StatusWithoutPeers(ctx)
	if _, err := net.InterfaceByName(names[0]); err == nil {
		return nil
	}
	if asked != nil {
		return hinted{fmt.Errorf("this host has no network device %s, and tailscaled does not answer whether there will be one: %w", names[0], asked),
			"systemctl status tailscaled"}
	}
	return hinted{fmt.Errorf("this host has no network device %s", names[0]),
		"tailscaled uses another name or none (userspace networking): systemctl enable --now tailscale-mcp.service, which then binds this host's Tailscale addresses by itself"}
}
