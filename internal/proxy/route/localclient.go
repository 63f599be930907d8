// SPDX-License-Identifier: MIT

//go:build !darwin && !windows

package route

import (
	"context"
	"fmt"
	"net"

	"tailscale.com/client/local"
	"tailscale.com/paths"
)

// startIt is how a person starts it.
const startIt = "start it (sudo systemctl start tailscaled)"

// LocalClient is a client of the tailscaled behind socket, or behind the
// platform's usual socket when socket is empty.
func LocalClient(socket string) *local.Client {
	if socket == "" {
		socket = paths.DefaultTailscaledSocket()
	}
	return &local.Client{
		Socket:        socket,
		UseSocketOnly: true,
		// The client's own dialer tries again for two seconds when nothing
		// listens: too long for a first answer. And of a dial that failed the
		// client would go on to run systemctl, unless it cannot see that it did.
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, "unix", socket)
			if err != nil {
				return nil, fmt.Errorf("connecting to tailscaled: %w", err)
			}
			return conn, nil
		},
	}
}
