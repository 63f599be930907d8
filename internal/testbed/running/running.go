// SPDX-License-Identifier: MIT

// Package running builds the product's two programs and runs the daemon beside a node of
// the testbed, for the programs that show or judge it as a whole.
package running

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// The names of the programs that Build leaves in its folder.
const (
	Server = "tailscale-mcp"
	Proxy  = "tailscale-mcp-proxy"
)

// Build builds both programs into a folder.
func Build(ctx context.Context, dir string) error {
	build := exec.CommandContext(ctx, "go", "build", "-o", dir, "tailscale-mcp/cmd/"+Server, "tailscale-mcp/cmd/"+Proxy)
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building: %w", err)
	}
	return nil
}

// Daemon is a running tailscale-mcp.
type Daemon struct {
	cmd *exec.Cmd
	// Port is what it listens on.
	Port int
	// Audit is what it writes to standard output, Log what to standard error.
	Audit, Log *Output
}

// Start runs the daemon that Build left in a folder, beside the tailscaled of a socket, and
// returns when it is healthy. environ is all that it knows besides: where nothing is said
// it has the defaults of its configuration. Port 0 stands for a free one.
func Start(ctx context.Context, dir, socket string, port int, environ ...string) (*Daemon, error) {
	if port == 0 {
		var err error
		if port, err = FreePort(); err != nil {
			return nil, err
		}
	}
	d := &Daemon{Port: port, Audit: &Output{}, Log: &Output{}}
	// Not CommandContext: an interrupt ends the daemon by Stop, gracefully.
	d.cmd = exec.Command(filepath.Join(dir, Server)) //nolint:noctx // see above
	d.cmd.Env = append([]string{
		"PATH=" + os.Getenv("PATH"),
		"TAILSCALE_MCP_TAILSCALED_SOCKET=" + socket,
		"TAILSCALE_MCP_PORT=" + strconv.Itoa(port),
		"TAILSCALE_MCP_AUDIT_FILE=" + filepath.Join(dir, "audit", "audit.jsonl"),
	}, environ...)
	d.cmd.Stdout, d.cmd.Stderr = d.Audit, d.Log
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	if err := Await(ctx, 15*time.Second, func() error { return healthy(ctx, port) }); err != nil {
		_ = d.Stop()
		return nil, fmt.Errorf("tailscale-mcp did not come up: %w\n%s", err, d.Log)
	}
	return d, nil
}

// Stop ends the daemon as systemd would and reports an end that was not clean.
func (d *Daemon) Stop() error {
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(30*time.Second, func() { _ = d.cmd.Process.Kill() })
	defer late.Stop()
	if err := d.cmd.Wait(); err != nil {
		return fmt.Errorf("tailscale-mcp did not end well: %w\n%s", err, d.Log)
	}
	return nil
}

func healthy(ctx context.Context, port int) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://127.0.0.1:%d/healthz", port), nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("/healthz says %s", res.Status)
	}
	return nil
}

// Await tries until check succeeds or the time is over.
func Await(ctx context.Context, atMost time.Duration, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
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

// FreePort is a port of loopback that nobody listens on.
func FreePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Output collects what a program writes.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}
