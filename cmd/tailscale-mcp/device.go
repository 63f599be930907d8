// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
)

const (
	// deviceTimeout bounds how long a tailscaled that is starting is waited for.
	deviceTimeout = 15 * time.Second
	// devicePace is how often one that does not answer is asked.
	devicePace = 200 * time.Millisecond
)

func deviceCommand() *cobra.Command {
	wait := false
	c := &cobra.Command{
		Use:   "device [--wait] NAME",
		Short: "whether this host has, or will have, that network device (for the units beside the socket)",
		Args: func(_ *cobra.Command, names []string) error {
			if len(names) != 1 {
				return cli.Misused("tailscale-mcp device tailscale0", "device takes the name of one network device")
			}
			return nil
		},
		RunE: func(c *cobra.Command, names []string) error { return runDevice(c.Context(), names[0], wait) },
	}
	c.Flags().BoolVar(&wait, "wait", false, "wait for a tailscaled that does not answer, 15 seconds at most")
	return c
}

// runDevice says for the units beside tailscale-mcp.socket whether there is, or
// will be in a moment, the network device that the socket is bound to. Only
// tailscaled knows that. It says that it is ready before it makes its device, if it
// makes one at all; but it answers no question before that.
func runDevice(ctx context.Context, name string, wait bool) error {
	// A mistake in the configuration is for the daemon to report. What is said
	// there about the socket of tailscaled is not known then, and the usual one
	// is most likely.
	cfg, _ := config.Load()
	ctx, cancel := context.WithTimeout(ctx, deviceTimeout)
	defer cancel()
	for {
		if present(name) {
			return nil
		}
		_, asked := localClient(cfg).StatusWithoutPeers(ctx)
		switch {
		case present(name):
			return nil
		case asked == nil:
			return cli.Hint(fmt.Errorf("this host has no network device %s", name),
				"tailscaled uses another name or none (userspace networking): systemctl enable --now tailscale-mcp.service, which then binds this host's Tailscale addresses by itself")
		case !wait || ctx.Err() != nil:
			return cli.Hint(fmt.Errorf("this host has no network device %s, and tailscaled does not answer whether there will be one: %w", name, asked),
				"systemctl status tailscaled")
		}
		// One that was killed while it was asked is started again, and so may
		// the unit that asks have been: it is not asked twice.
		select {
		case <-time.After(devicePace):
		case <-ctx.Done():
		}
	}
}

// present reports whether there is a network device of that name.
func present(name string) bool {
	_, err := net.InterfaceByName(name)
	return err == nil
}
