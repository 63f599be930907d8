// SPDX-License-Identifier: MIT

// Package servers runs MCP servers for tests of the gateway as systemd does on a host: a
// socket for each, and the real launcher for every connection. Nothing confines them here.
package servers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// Host is a folder of entries whose servers can be started.
type Host struct {
	// Dir has the entries and, beside each, its socket.
	Dir      string
	launcher string
	odd      string
	t        testing.TB

	all     sync.WaitGroup
	mu      sync.Mutex
	sockets map[string]net.Listener
	running map[int]bool // launchers, by process id
	started int
}

var built struct {
	sync.Once
	dir string
	err error
}

// New returns a host without servers. What runs on it ends with the test.
func New(t testing.TB) *Host {
	t.Helper()
	built.Do(func() {
		if built.dir, built.err = os.MkdirTemp("", "servers"); built.err != nil {
			return
		}
		for _, name := range []string{"cmd/tailscale-mcp-launch", "internal/testbed/servers/odd"} {
			out, err := exec.Command("go", "build", "-o", built.dir, "tailscale-mcp/"+name).CombinedOutput()
			built.err = errors.Join(built.err, err)
			if err != nil {
				built.err = fmt.Errorf("%w: %s", built.err, out)
			}
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	// The path of a socket has little room.
	dir, err := os.MkdirTemp("", "mcp")
	if err != nil {
		t.Fatal(err)
	}
	h := &Host{
		Dir: dir, launcher: filepath.Join(built.dir, "tailscale-mcp-launch"), odd: filepath.Join(built.dir, "odd"),
		t: t, running: map[int]bool{}, sockets: map[string]net.Listener{},
	}
	// The last of the cleanups: by then the gateway has let go of its processes.
	t.Cleanup(func() {
		h.all.Wait()
		_ = os.RemoveAll(dir)
	})
	return h
}

// Clean removes what was built for the tests of a package; TestMain calls it last.
func Clean() { _ = os.RemoveAll(built.dir) }

// Odd adds the server of package odd under a name; ours is what stands under "tailscale".
func (h *Host) Odd(name, ours string, args ...string) {
	h.t.Helper()
	h.Add(name, h.odd, args, ours)
}

// Add adds an entry for a program, and listens for it.
func (h *Host) Add(name, command string, args []string, ours string) {
	h.t.Helper()
	h.Write(name, command, args, ours)
	h.Listen(name)
}

// Listen listens for the server with that entry, until Close or the end of the test.
func (h *Host) Listen(name string) {
	h.t.Helper()
	l, err := net.Listen("unix", filepath.Join(h.Dir, name+".sock"))
	if err != nil {
		h.t.Fatal(err)
	}
	h.mu.Lock()
	h.sockets[name] = l
	h.mu.Unlock()
	h.all.Go(func() { h.accept(l, name) })
	h.t.Cleanup(func() { _ = l.Close() })
}

// Close listens for a server no more.
func (h *Host) Close(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.sockets[name].Close()
}

// Write writes an entry, or writes it anew.
func (h *Host) Write(name, command string, args []string, ours string) {
	h.t.Helper()
	if ours == "" {
		ours = "{}"
	}
	text, err := json.Marshal(map[string]any{
		"command": command, "args": append([]string{}, args...), "tailscale": json.RawMessage(ours),
		"env": map[string]string{"PATH": os.Getenv("PATH")},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(h.Dir, name+".json"), text, 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// accept starts a launcher for every connection, until there are no more.
func (h *Host) accept(l net.Listener, name string) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		h.all.Go(func() { h.launch(conn.(*net.UnixConn), name) })
	}
}

func (h *Host) launch(conn *net.UnixConn, name string) {
	theirs, err := conn.File()
	_ = conn.Close()
	if err != nil {
		return
	}
	cmd := exec.Command(h.launcher, name)
	cmd.Env = []string{
		"TAILSCALE_MCP_SERVERS=" + h.Dir, "TAILSCALE_MCP_SERVERS_UNCONFINED=true", "INVOCATION_ID=" + Invocation,
		"TMPDIR=" + h.Dir, "PATH=" + os.Getenv("PATH"),
	}
	cmd.Stdin, cmd.Stdout = theirs, theirs
	err = cmd.Start()
	_ = theirs.Close()
	if err != nil {
		return
	}
	h.mu.Lock()
	h.running[cmd.Process.Pid] = true
	h.started++
	h.mu.Unlock()
	_ = cmd.Wait()
	h.mu.Lock()
	delete(h.running, cmd.Process.Pid)
	h.mu.Unlock()
}

// Invocation is the invocation id that the launchers are given.
const Invocation = "00112233445566778899aabbccddeeff"

// Dial connects to what starts a server, as package servers of the product wants it.
func (h *Host) Dial(ctx context.Context, server string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", filepath.Join(h.Dir, server+".sock"))
}

// Running is how many launchers run, and Started how many ever did.
func (h *Host) Running() (running, started int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.running), h.started
}

// Kill ends all launchers that run, as the kernel does when memory is short.
func (h *Host) Kill() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for pid := range h.running {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// OddPath is the program that Odd runs.
func (h *Host) OddPath() string { return h.odd }
