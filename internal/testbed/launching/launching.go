// SPDX-License-Identifier: MIT

// Package launching runs MCP servers behind the gateway as systemd does on a host: a
// socket for each, and the real launcher for every connection. Nothing confines them here.
package launching

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"

	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/look"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/upstream/remote"
)

// Invocation is the invocation id that the launchers are given.
const Invocation = "00112233445566778899aabbccddeeff"

// program is the launcher.
const program = "tailscale-mcp-launch"

// Build builds the launcher into a folder, and other programs of this module with it.
func Build(ctx context.Context, dir string, others ...string) error {
	args := []string{"build", "-o", dir + "/", "tailscale-mcp/cmd/" + program}
	for _, other := range others {
		args = append(args, "tailscale-mcp/"+other)
	}
	out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("building the launcher: %w: %s", err, out)
	}
	return nil
}

// Host is a folder of entries whose servers can be started.
type Host struct {
	// Dir has the entries and, beside each, its socket.
	Dir string

	// Remote reaches the servers that run elsewhere.
	Remote remote.Client

	// Credentials, if not empty, has what systemd gives to each server; set before the first.
	Credentials string

	launcher string
	all      sync.WaitGroup
	mu       sync.Mutex
	sockets  map[string]net.Listener
	running  map[int]bool // launchers, by process id
	started  int
}

// New returns a host without servers; programs is where Build has built. The path of dir
// is to be short, as that of a socket has little room.
func New(dir, programs string) *Host { return With(dir, filepath.Join(programs, program)) }

// With is New with a launcher that stands elsewhere.
func With(dir, launcher string) *Host {
	return &Host{Dir: dir, launcher: launcher, sockets: map[string]net.Listener{}, running: map[int]bool{}}
}

// Environ is what the daemon and its command line are told of the host.
func (h *Host) Environ() []string {
	return []string{"TAILSCALE_MCP_SERVERS=" + h.Dir, "TAILSCALE_MCP_SERVERS_UNCONFINED=true"}
}

// Entry is what an entry says; PATH is added to the environment of a command.
type Entry struct {
	Command string            `json:"command,omitempty"`
	Args    []string          `json:"args,omitempty"`
	Env     map[string]string `json:"env,omitempty"`
	Type    string            `json:"type,omitempty"`
	URL     string            `json:"url,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	Ours    json.RawMessage   `json:"tailscale,omitempty"`
}

// Write writes an entry, or writes it anew.
func (h *Host) Write(name string, e Entry) error {
	if e.URL == "" {
		env := map[string]string{"PATH": os.Getenv("PATH")}
		maps.Copy(env, e.Env)
		e.Env = env
	}
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(h.Dir, name+".json"), text, 0o600)
}

// Listen listens for the server with that entry.
func (h *Host) Listen(name string) error {
	l, err := net.Listen("unix", filepath.Join(h.Dir, name+".sock")) //nolint:noctx // at once
	if err != nil {
		return err
	}
	h.mu.Lock()
	h.sockets[name] = l
	h.mu.Unlock()
	h.all.Go(func() { h.accept(l, name) })
	return nil
}

// WriteText writes an entry as it is.
func (h *Host) WriteText(name, text string) error {
	return os.WriteFile(filepath.Join(h.Dir, name+".json"), []byte(text), 0o600)
}

// Approve starts a server, pins what it shows as a says, and ends it.
func (h *Host) Approve(ctx context.Context, name string, a pin.Approval) error {
	s, err := entry.Read(filepath.Join(h.Dir, name+".json"))
	if err != nil {
		return err
	}
	p, err := process.Start(ctx, process.Options{
		Server: name, Link: h.Remote.To(s), Dial: func(ctx context.Context) (net.Conn, error) { return h.Dial(ctx, name) },
		ClientName: "testbed", ClientVersion: "1", Heard: func(string, []byte) {}, Log: slog.New(slog.DiscardHandler),
		Offers: s.Offers(),
	})
	if err != nil {
		return err
	}
	defer p.End(nil)
	seen, err := look.At(ctx, p)
	if err != nil {
		return err
	}
	return pin.Save(pin.Path(h.Dir, name), pin.Approve(pin.Pin{}, seen, a))
}

// Close listens for a server no more.
func (h *Host) Close(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	_ = h.sockets[name].Close()
}

// Wait closes what still listens, and waits until the launchers have ended: the daemon
// must have let go of them.
func (h *Host) Wait() {
	h.mu.Lock()
	for _, l := range h.sockets {
		_ = l.Close()
	}
	h.mu.Unlock()
	h.all.Wait()
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
	cmd := exec.Command(h.launcher, name) //nolint:noctx // it ends with its connection
	cmd.Env = append(h.Environ(), "INVOCATION_ID="+Invocation, "TMPDIR="+h.Dir, "PATH="+os.Getenv("PATH"))
	if h.Credentials != "" {
		cmd.Env = append(cmd.Env, "CREDENTIALS_DIRECTORY="+h.Credentials)
	}
	cmd.Stdin, cmd.Stdout = theirs, theirs
	h.mu.Lock() // or who has had an answer of it could find that it does not run
	if err = cmd.Start(); err == nil {
		h.running[cmd.Process.Pid] = true
		h.started++
	}
	h.mu.Unlock()
	_ = theirs.Close()
	if err != nil {
		return
	}
	_ = cmd.Wait()
	h.mu.Lock()
	delete(h.running, cmd.Process.Pid)
	h.mu.Unlock()
}

// Dial connects to what starts a server.
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

// Pids are the launchers that run.
func (h *Host) Pids() []int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.running))
}

// Kill ends all launchers that run, as the kernel does when memory is short.
func (h *Host) Kill() { h.signal(syscall.SIGKILL) }

// Stop has them end, as systemd does.
func (h *Host) Stop() { h.signal(syscall.SIGTERM) }

func (h *Host) signal(s syscall.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for pid := range h.running {
		_ = syscall.Kill(pid, s)
	}
}
