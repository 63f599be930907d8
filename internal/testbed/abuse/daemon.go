// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// device is what the socket unit is bound to.
const device = "tailscale0"

// The two ways to bind.
const (
	bindSelf   = "self"   // the daemon binds its Tailscale addresses
	bindSocket = "socket" // systemd passes a socket that is bound to the device
)

// unit is what systemd gives the daemon that matters under an attack. MemoryMax
// is left out: what is judged is a half of it.
type unit struct {
	memory string // GOMEMLIMIT; "" where the unit sets none
	files  int    // LimitNOFILE
}

var (
	memorySetting = regexp.MustCompile(`(?m)^Environment=.*\bGOMEMLIMIT=([0-9A-Za-z]+)`)
	filesSetting  = regexp.MustCompile(`(?m)^LimitNOFILE=([0-9]+)$`)
)

func readUnit(path string) (unit, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return unit{}, err
	}
	var u unit
	if found := memorySetting.FindSubmatch(text); found != nil {
		u.memory = string(found[1])
	}
	found := filesSetting.FindSubmatch(text)
	if found == nil {
		return unit{}, fmt.Errorf("%s sets no LimitNOFILE, which is part of what is attacked", path)
	}
	u.files, err = strconv.Atoi(string(found[1]))
	return u, err
}

// daemon is a running tailscale-mcp.
type daemon struct {
	cmd   *exec.Cmd
	log   string // the file with what it says
	ended chan struct{}
}

// startDaemon starts the built program as the unit does and returns when alice is
// served.
func (s *scene) startDaemon(ctx context.Context, bind string, r row, api *fakeapi.Server) (*daemon, error) {
	d := &daemon{log: filepath.Join(s.dir, "daemon.log"), ended: make(chan struct{})}
	log, err := os.Create(d.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	script := `exec "$0"`
	env := []string{
		"TAILSCALE_MCP_TAILSCALED_SOCKET=" + s.server.Socket,
		fmt.Sprint("TAILSCALE_MCP_PORT=", s.port),
		"TAILSCALE_MCP_AUDIT_FILE=" + filepath.Join(s.auditDir(), "audit.jsonl"),
		"TAILSCALE_API_URL=" + api.URL(),
		"TAILSCALE_API_KEY=" + fakeapi.DefaultAPIKey,
	}
	if s.unit.memory != "" {
		env = append(env, "GOMEMLIMIT="+s.unit.memory)
	}
	if r.behind {
		env = append(env, s.behind.host.Environ()...)
	}
	if r.audit != "" {
		more, first, err := s.audited(r.audit, log)
		if err != nil {
			return nil, err
		}
		env = append(env, more...)
		script = `exec unshare --mount --propagation private sh -euc '` + first + ` && exec "$0"' "$0"`
	}
	// The shell keeps its process ID, which LISTEN_PID has to be.
	script = fmt.Sprintf(`ulimit -n %d && `, s.unit.files) + script
	var files []*os.File
	if bind == bindSocket {
		socket, err := socketOn(ctx, s.server, s.port)
		if err != nil {
			return nil, err
		}
		defer socket.Close() // the daemon has it
		files = append(files, socket)
		env = append(env, "LISTEN_FDS=1", "LISTEN_FDNAMES=mcp")
		script = "export LISTEN_PID=$$ && " + script
	}
	d.cmd = s.server.Command(ctx, "sh", "-euc", script, s.program)
	d.cmd.Env, d.cmd.ExtraFiles, d.cmd.Stderr = env, files, log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // in whatever way this process ends
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(d.ended)
		_ = d.cmd.Wait() // it is killed
	}()
	if err := s.awaitServed(ctx, d, append(slices.Clone(hers), r.hers...)); err != nil {
		d.kill()
		return nil, fmt.Errorf("tailscale-mcp does not serve: %w\n%s", err, d.said())
	}
	return d, nil
}

func (d *daemon) pid() int { return d.cmd.Process.Pid }

// kill ends the daemon at once: how it stops is tested elsewhere, and calls in
// flight would be waited for.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill() // fails if it has ended by itself
	<-d.ended
}

func (d *daemon) alive() bool {
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}

// said is the end of its log.
func (d *daemon) said() string {
	text, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// socketOn makes the socket of tailscale-mcp.socket.
func socketOn(ctx context.Context, n *testbed.Node, port int) (*os.File, error) {
	var ln net.Listener
	err := n.InNamespace(func() (err error) {
		lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
			var bound error
			err := raw.Control(func(fd uintptr) {
				bound = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, device)
			})
			return errors.Join(err, bound)
		}}
		ln, err = lc.Listen(ctx, "tcp", fmt.Sprintf("[::]:%d", port))
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("making the socket on %s: %w", device, err)
	}
	defer ln.Close()
	return ln.(*net.TCPListener).File()
}

// awaitServed waits until alice is answered each of her calls.
func (s *scene) awaitServed(ctx context.Context, d *daemon, calls []message) error {
	c := s.nodes[alice].HTTPClient()
	defer c.CloseIdleConnections()
	return await(ctx, 20*time.Second, func(ctx context.Context) error {
		if !d.alive() {
			return errors.New("it has ended")
		}
		for _, m := range calls {
			if how := answer(ctx, c, s.target(alice), m.numbered(0)); !good(how) {
				return fmt.Errorf("%s: %s", m.Name, how)
			}
		}
		return nil
	})
}

// await tries until check succeeds or the time is over.
func await(ctx context.Context, atMost time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not within %s: %w", atMost, err)
		case <-tick.C:
		}
	}
}
