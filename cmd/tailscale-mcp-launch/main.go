// SPDX-License-Identifier: MIT

// Command tailscale-mcp-launch starts one MCP server behind the gateway and stays its
// parent. systemd runs it for every connection of the daemon, in the sandbox of the
// server, with the connection as stdin and stdout:
//
//	/usr/lib/tailscale-mcp/launch NAME
//
// What to start it reads from the systemd credential server.json, which is the entry of
// the server; nothing of it is in a unit, where everybody could read it. The server gets
// real pipes, since some break with sockets. From the connection come the bytes of its
// stdin; to it go frames (internal/upstream/frame) with its stdout and how it ended. Its
// stderr goes to the journal.
//
// When the connection goes, the server's stdin is closed, it has five seconds to end,
// and the launcher ends: whatever is left then, systemd ends with the unit's cgroup.
//
// Without systemd, TAILSCALE_MCP_SERVERS=DIR names the folder of the entries; only with
// TAILSCALE_MCP_SERVERS_UNCONFINED=true, because nothing confines the server then.
//
// Before it starts a server it sees for itself whether the host holds what the unit says of
// folders and networks: systemd takes much of it also where it cannot. With --denied
// instead of a name it does only that, for tailscale-mcp server apply, in a unit that may
// reach no address.
//
// Of a server that runs elsewhere there is nothing to start: its launcher hands the daemon the
// headers of the entry with the credentials in them, as a JSON object, and ends. So no
// credential is in the daemon's unit, where it would need a restart to be another one.
//
// This is the only part of the product that starts a program.
package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/frame"
	"tailscale-mcp/internal/upstream/npm"
)

func main() {
	// A server dies with the thread that started it (Pdeathsig): it is to be the main one.
	runtime.LockOSThread()
	// The server has the same UID; it is not to look into its parent, or take the
	// connection from it.
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	// Its threads count among those that the server may have, however large the host is.
	runtime.GOMAXPROCS(2)
	os.Exit(run(os.Args[1:], os.Getenv))
}

// Exit statuses that are not the server's.
const (
	exitUsage   = 64
	exitConfig  = 78
	exitNoStart = 126
	exitSignal  = 128 // and the number of the signal
)

// run is the program; it returns its exit status.
func run(args []string, getenv func(string) string) int {
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: launch NAME, as the unit of a server does it; see tailscale-mcp-server(8)")
		return exitUsage
	}
	if args[0] == "--denied" {
		if err := denied(entry.Network{Internet: true}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return exitConfig
		}
		return 0
	}
	out, err := frame.NewWriter(os.Stdout, getenv("INVOCATION_ID"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "writing to the daemon:", err)
		return exitConfig
	}
	fail := func(status int, err error) int {
		text := err.Error()
		fmt.Fprintln(os.Stderr, text)
		_ = out.End(frame.End{Outcome: frame.NotStarted, Status: status, Stderr: []byte(text[:min(len(text), frame.MaxStderr)])})
		return status
	}
	p, err := load(args[0], npm.Folder, getenv)
	if err != nil {
		return fail(exitConfig, err)
	}
	if p.headers != nil {
		if _, err := out.ReadFrom(bytes.NewReader(p.headers)); err != nil {
			return exitConfig
		}
		_ = out.End(frame.End{Outcome: frame.Exited})
		return 0
	}
	defer p.clean()
	c, err := start(p, out)
	if err != nil {
		return fail(exitNoStart, err)
	}
	return c.serve()
}
