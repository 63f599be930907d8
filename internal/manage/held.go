// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"fmt"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/upstream/entry"
)

// held wants the host to hold a server to its network. The unit says to what, and systemd
// takes that from it also where it cannot do it, with a line in its log: so it is tried.
// A server without a network has no sockets and a namespace of its own, which hold without
// addresses being denied; that they do, the launcher sees at each start.
func (h Host) held(ctx context.Context, s entry.Server) error {
	if s.Network.Unconfined || s.Network.None() {
		return nil
	}
	denies, err := h.Systemd.Denies(ctx)
	if err != nil || denies {
		return err
	}
	return cli.Hint(fmt.Errorf("addresses are not denied on this host, so that with network %s the server would reach all that the host does, the tailnet in its name too", network(s.Network)),
		`have the host boot with control groups of version 2 and a kernel with BPF for them, and allow bpf to the container if it is one; or write "network": "none" into `+s.File+`, or "unconfined" if the whole network of the host is meant`)
}
