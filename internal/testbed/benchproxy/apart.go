// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// asServer is the environment variable that makes this program be the server
// that serveApart starts.
const asServer = "BENCHPROXY_AS_SERVER"

// serve serves until stdin ends, and says first where.
func serve() {
	s, err := newServer()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchproxy:", err)
		os.Exit(1)
	}
	fmt.Println(s.url())
	_, _ = io.Copy(io.Discard, os.Stdin)
	s.stop()
}

// serveApart starts the server in a process of its own, which ends with this
// one. In the client's process it would be the quicker by what the system takes
// to switch between two, and each would wait for the other's goroutines.
func serveApart(ctx context.Context) (url string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env, cmd.Stderr = append(os.Environ(), asServer+"=1"), os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("starting the server: %w", err)
	}
	stop = func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}
	url, err = bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("starting the server: %w", err)
	}
	return strings.TrimSpace(url), stop, nil
}
