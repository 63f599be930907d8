// SPDX-License-Identifier: MIT

package tailnet

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/paths"
)

// LocalClient returns a client of the tailscaled behind socket, or behind the
// platform's usual socket when socket is empty.
//
// As it comes, the client waits up to two seconds for a socket on which nobody
// listens, and then runs systemctl to see why. A daemon has no business starting
// programs, and its callers want to hear at once that tailscaled is away.
func LocalClient(socket string) *local.Client {
	if socket == "" {
		if runtime.GOOS != "linux" {
			return &local.Client{} // finds the one inside the installed application
		}
		socket = paths.DefaultTailscaledSocket()
	}
	return &local.Client{
		Socket:        socket,
		UseSocketOnly: true,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				conn, err := d.DialContext(ctx, "unix", socket)
				if err != nil {
					// Wrapped, so that the client does not see a failed dial.
					return nil, fmt.Errorf("connecting to tailscaled: %w", err)
				}
				return conn, nil
			},
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     30 * time.Second,
		},
	}
}
