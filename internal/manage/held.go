// SPDX-License-Identifier: MIT

package manage

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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

// notes are what an administrator is to know of what a server may reach, of what does not
// hold on this host, and of what does not work yet.
func (h Host) notes(ctx context.Context, s entry.Server) (notes []string) {
	if !s.Stdio() {
		if s.Network.Unconfined {
			notes = append(notes, "it is reached wherever its name leads, this host and the tailnet too")
		}
		if s.Shared {
			notes = append(notes, "its callers are not apart: they share one session")
		}
		return notes
	}
	if h.Unconfined {
		notes = append(notes, "nothing confines it, since TAILSCALE_MCP_SERVERS_UNCONFINED is set: it sees and reaches all that the account does which runs it")
	}
	if s.User != "" || s.Shared {
		notes = append(notes, "its callers are not apart: they share one account or one process")
	}
	if s.Network.Unconfined {
		notes = append(notes, "its network is that of the host: it speaks on the tailnet in the name of this host")
	}
	if h.Systemd == nil || s.Network.None() {
		return notes
	}
	if built, err := h.Systemd.Features(ctx); s.Network.Internet && (err != nil || !strings.Contains(built, "+BPF_FRAMEWORK")) {
		notes = append(notes, "it reaches what listens on this host's own address on the internet, since this systemd cannot tell interfaces apart")
	}
	resolv := filepath.Join(filepath.Dir(h.Dir), "resolv.conf")
	if _, err := os.Stat(resolv); err != nil {
		notes = append(notes, "names do not resolve in it: write resolvers that it reaches into "+resolv+", a line each: nameserver ADDRESS")
	}
	return notes
}
