// SPDX-License-Identifier: MIT

// Package socket makes clients of the tailscaled behind a socket, for the daemon and the
// stdio proxy alike. It is a leaf, apart from package localapi, which contains the
// network check.
package socket

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

// How many connections to tailscaled there are at most. Questions of tools have
// connections of their own: their pings last for seconds, and must not keep this
// server from asking who is calling.
const (
	mostConns = 64
	// ToolConns bounds those of [ClientForTools].
	ToolConns = 16
)

// ClientForTools returns a client for what callers can ask. A question for which no
// connection is free waits for one as long as its context lasts.
func ClientForTools(socket string) *local.Client { return client(socket, ToolConns) }

// ClientForDials returns a client for one who also connects to nodes through tailscaled,
// where each dial is a connection to tailscaled until it ends. It has no bound of its
// own: dials of a node that is silent must not keep questions waiting.
func ClientForDials(socket string) *local.Client { return client(socket, 0) }

// Client returns a client of the tailscaled behind socket (a named pipe on Windows). If
// socket is empty, that is the platform's usual one; on macOS and Windows, the one of
// the installed Tailscale application.
//
// As it comes, the client waits up to two seconds for a socket on which nobody
// listens, and then runs systemctl to see why. A daemon has no business starting
// programs, and its callers want to hear at once that tailscaled is away.
func Client(socket string) *local.Client { return client(socket, mostConns) }

// client returns a client with at most conns connections at once; 0 is no bound.
func client(socket string, conns int) *local.Client {
	switch application := runtime.GOOS == "darwin" || runtime.GOOS == "windows"; {
	case application:
		return &local.Client{Socket: socket, UseSocketOnly: socket != ""}
	case socket == "":
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
			MaxConnsPerHost:     conns,
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     30 * time.Second,
		},
	}
}
