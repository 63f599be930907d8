// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"

	"tailscale-mcp/internal/testbed/benchproxy/peers"
	"tailscale-mcp/internal/testbed/load"
)

// contestant is one gateway in front of the server, in one way to run it.
type contestant struct {
	name     string
	revision string // that its callers speak
	shares   bool   // one process of the server for all callers
	ours     bool
	start    func(ctx context.Context) (*running, error)
}

// running is a gateway's process.
type running struct {
	pid  int
	url  string
	stop func()
	// beside are processes that belong to it without descending from it.
	beside func() []int
}

// startLimit is how long a gateway may take until it serves.
const startLimit = 30 * time.Second

// fromNpm are the gateways that npm has, in front of a program. Each runs as its own
// documentation says for callers who have sessions, without a log.
func fromNpm(ctx context.Context, program string, progress io.Writer) ([]contestant, error) {
	in, err := peers.Install(ctx, progress)
	if err != nil {
		return nil, err
	}
	gateway, err1 := in.Released("supergateway")
	proxy, err2 := in.Released("mcp-proxy")
	return []contestant{
		{name: gateway + ", a process a session", revision: load.Legacy, start: func(ctx context.Context) (*running, error) {
			return serveCommand(ctx, func(port string) []string {
				return in.Command("supergateway/dist/index.js", "--stdio", program, "--outputTransport", "streamableHttp", "--stateful", "--port", port, "--logLevel", "none")
			})
		}},
		{name: proxy + ", one process", revision: load.Legacy, shares: true, start: func(ctx context.Context) (*running, error) {
			return serveCommand(ctx, func(port string) []string {
				return in.Command("mcp-proxy/dist/bin/mcp-proxy.mjs", "--host", "127.0.0.1", "--port", port, "--server", "stream", "--", program)
			})
		}},
	}, errors.Join(err1, err2)
}

// serveCommand starts a program that is to serve at a port of loopback, and returns when it
// has answered a client. The port may be taken by somebody else meanwhile: then it is another.
func serveCommand(ctx context.Context, command func(port string) []string) (r *running, err error) {
	for range 3 {
		if r, err = serveOnce(ctx, command); err == nil || ctx.Err() != nil {
			break
		}
	}
	return r, err
}

func serveOnce(ctx context.Context, command func(port string) []string) (*running, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	home, err := os.MkdirTemp("", "bench-gateway-home-")
	if err != nil {
		return nil, err
	}
	args := command(port)
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	// Nothing of the user's; a group of its own, so that its servers can be ended with it.
	cmd.Env, cmd.Dir = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + home}, home
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(home))
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	r := &running{pid: cmd.Process.Pid, url: "http://127.0.0.1:" + port + "/mcp", beside: func() []int { return nil }, stop: func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		<-ended
		_ = os.RemoveAll(home)
	}}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for {
		c, err := connect(ctx, r.url, load.Legacy, alice)
		if err == nil {
			c.close(ctx)
			return r, nil
		}
		select {
		case <-ended:
			r.stop()
			return nil, fmt.Errorf("it has ended: %s", cmd.ProcessState)
		case <-ctx.Done():
			r.stop()
			return nil, fmt.Errorf("it does not serve: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// freePort is a port of loopback that nobody has now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return "", err
	}
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port), l.Close()
}
