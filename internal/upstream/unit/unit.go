// SPDX-License-Identifier: MIT

package unit

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net"
	"path/filepath"
	"strings"

	"tailscale-mcp/internal/upstream/entry"
)

// Target is the unit that wants the sockets of all servers.
const Target = "tailscale-mcp-servers.target"

// Group is that of the sockets and of the entries: the daemon is in it.
const Group = "tailscale-mcp-servers"

// Launcher is the program of every service.
const Launcher = "/usr/lib/tailscale-mcp/launch"

// parentSlice is the slice that all of theirs are in.
const parentSlice = "system-tailscale_mcp_servers.slice"

// Endings is the folder of the files by which an administrator has the gateway end what is
// open with a server elsewhere: NAME with EndingSuffix. Any change of one is such an order. Of
// a server that is started here, systemd ends the processes.
const (
	Endings      = sockets
	EndingSuffix = ".ended"
)

// Places on the host.
const (
	sockets = "/run/tailscale-mcp-servers"
	// tmp is a link to /tmp, which the package has.
	tmp = "/usr/lib/tailscale-mcp/tmp"
	// resolv is the resolv.conf of servers with a network: that of the host may name
	// resolvers that they cannot reach.
	resolv = "/etc/tailscale-mcp/resolv.conf"
)

// Unit is one unit file.
type Unit struct{ Name, Text string }

// SocketName is the unit that listens for the server called name.
func SocketName(name string) string { return "tailscale-mcp-server-" + name + ".socket" }

// ServiceName is the template of the service that runs it.
func ServiceName(name string) string { return "tailscale-mcp-server-" + name + "@.service" }

// SliceName is the slice of all its processes. A hyphen in the name of a slice makes it
// part of another: the server a-b is not part of the server a.
func SliceName(name string) string {
	return strings.TrimSuffix(parentSlice, ".slice") + "-" + strings.ReplaceAll(name, "-", "_") + ".slice"
}

// SocketPath is where the daemon connects.
func SocketPath(name string) string { return sockets + "/" + name + ".sock" }

// Dialer connects to what starts a server: the socket of its unit, or, where something else
// than systemd runs servers, the one beside its entry in dir.
func Dialer(dir string, unconfined bool) func(ctx context.Context, server string) (net.Conn, error) {
	return func(ctx context.Context, server string) (net.Conn, error) {
		path := SocketPath(server)
		if unconfined {
			path = filepath.Join(dir, server+".sock")
		}
		var d net.Dialer
		return d.DialContext(ctx, "unix", path)
	}
}

// Needed reports whether a server has units: one that is started here, and one elsewhere whose
// credentials systemd has to give.
func Needed(s entry.Server) bool {
	return !s.Disabled && (s.Stdio() || len(s.Credentials()) > 0)
}

// keeper is what stands in for a server that runs elsewhere: the launcher alone, which hands
// over its credentials.
func keeper(s entry.Server) entry.Server {
	return entry.Server{Name: s.Name, File: s.File, Headers: s.Headers, Max: s.Max, Memory: 64 << 20, Tasks: 512}
}

// Of returns the units of a server that needs any; nothing for others. top are the names of the folders in the root of the host: those that no server
// sees are covered.
func Of(s entry.Server, top []string) ([]Unit, error) {
	if !Needed(s) {
		return nil, nil
	}
	if !s.Stdio() {
		s = keeper(s)
	}
	hidden, err := covered(top)
	if err != nil {
		return nil, err
	}
	return []Unit{
		{SocketName(s.Name), socket(s)},
		{ServiceName(s.Name), service(s, hidden)},
		{SliceName(s.Name), slice(s)},
	}, nil
}

// head says where a unit comes from.
func head(s entry.Server, description string) string {
	return fmt.Sprintf(`# Made by tailscale-mcp-generator; to change it: systemctl edit
[Unit]
Description=MCP server %s: %s
Documentation=man:tailscale-mcp-server(8)
SourcePath=%s
`, s.Name, description, escaped(s.File))
}

func socket(s entry.Server) string {
	return head(s, "where the gateway connects") + fmt.Sprintf(`PartOf=%s

[Socket]
ListenStream=%s
SocketGroup=%s
SocketMode=0660
DirectoryMode=0755
RemoveOnStop=yes
Accept=yes
# As many may ask at once as the gateway runs in all, and more.
Backlog=1024
# The gateway has at most half as many; the others are on their way out.
MaxConnections=%d
# It is the gateway that limits callers: here, one could stop the socket for all.
TriggerLimitIntervalSec=0
`, Target, SocketPath(s.Name), Group, 2*s.Max)
}

func slice(s entry.Server) string {
	return head(s, "all of its processes") + `
[Slice]
CPUWeight=50
`
}

// account is the name of the user that an instance runs under. It differs between
// servers and between instances, since equal names are one UID, which could look into
// each other; and it has to be short: with %i, 31 characters at most.
func account(s entry.Server) string {
	sum := sha256.Sum256([]byte(s.Name))
	letters := strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:5]
	if s.Shared || !s.Stdio() { // nothing of others runs in a keeper
		return "m" + letters
	}
	return "m" + letters + "%i"
}

// escaped is a path as a value of a unit.
func escaped(path string) string { return strings.ReplaceAll(path, "%", "%%") }

// quoted is a path as a word of a value.
func quoted(path string) string {
	path = escaped(path)
	if strings.ContainsAny(path, " '") {
		return `"` + path + `"`
	}
	return path
}
