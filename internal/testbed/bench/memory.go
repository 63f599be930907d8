// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/load"
	"tailscale-mcp/internal/testbed/measure"
)

// memory reads the resident memory of the real daemon when it has just come
// up, and after many calls over the tailnet.
func memory(ctx context.Context, server, alice *testbed.Node, calls int) error {
	dir, err := os.MkdirTemp("", "tailscale-mcp-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", dir, "tailscale-mcp/cmd/tailscale-mcp")
	build.Env, build.Stderr = append(os.Environ(), "CGO_ENABLED=0"), os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("building: %w", err)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	daemon := exec.CommandContext(ctx, filepath.Join(dir, "tailscale-mcp"))
	daemon.Env = []string{
		"TAILSCALE_MCP_TAILSCALED_SOCKET=" + server.Socket, "TAILSCALE_MCP_PORT=" + strconv.Itoa(port),
		"TAILSCALE_MCP_MAX_RATE=10000", // more than one caller would make
	}
	if err := daemon.Start(); err != nil {
		return err
	}
	defer func() {
		_ = daemon.Process.Signal(syscall.SIGTERM)
		_ = daemon.Wait()
	}()

	c := alice.HTTPClient()
	url := fmt.Sprintf("http://%s:%d/mcp", server.Name, port)
	q := load.Call(load.Modern, "whoami", "{}")
	if err := untilServed(ctx, c, url, q); err != nil {
		return err
	}
	idle, err := resident(daemon.Process.Pid)
	if err != nil {
		return err
	}
	fmt.Printf("\nResident memory of the daemon: %.1f MiB idle", idle)
	began := time.Now()
	for _, part := range []int{calls / 10, calls - calls/10} {
		if err := callMany(ctx, c, url, q, part); err != nil {
			return err
		}
		now, err := resident(daemon.Process.Pid)
		if err != nil {
			return err
		}
		fmt.Printf(", %.1f MiB after %d calls more", now, part)
	}
	fmt.Printf(" (over the tailnet, 32 in flight, %.0f calls/s)\n", float64(calls)/time.Since(began).Seconds())
	return nil
}

func untilServed(ctx context.Context, c *http.Client, url string, q load.Request) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		_, err := q.Send(ctx, c, url)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the daemon does not serve: %w", err)
		case <-tick.C:
		}
	}
}

func callMany(ctx context.Context, c *http.Client, url string, q load.Request, n int) error {
	var left atomic.Int64
	left.Store(int64(n))
	var mu sync.Mutex
	var first error
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := q.Send(ctx, c, url); err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
					return
				}
			}
		})
	}
	wg.Wait()
	return first
}

// resident returns the resident set of a process and its children in MiB.
func resident(pid int) (float64, error) {
	u, err := measure.Tree(pid)
	return u.Resident, err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, at once
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
