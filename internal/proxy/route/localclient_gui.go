// SPDX-License-Identifier: MIT

//go:build darwin || windows

package route

import "tailscale.com/client/local"

// startIt is how a person starts it.
const startIt = "open the Tailscale app"

// LocalClient is a client of the tailscaled behind socket (a named pipe on
// Windows), or of the one that the installed Tailscale application runs when
// socket is empty.
func LocalClient(socket string) *local.Client {
	if socket == "" {
		return &local.Client{}
	}
	return &local.Client{Socket: socket, UseSocketOnly: true}
}
