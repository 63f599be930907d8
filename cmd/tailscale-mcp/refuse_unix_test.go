// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestRefusedConfigurationTurnsClientsAway: a client in the queue of a socket from
// systemd, which would have systemd start the daemon again and again, is sent away
// by a daemon that cannot start; and its exit code is the one that the unit knows.
func TestRefusedConfigurationTurnsClientsAway(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	socket, err := ln.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	waiting, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer waiting.Close()

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Args = []string{activated}
	cmd.Env = []string{"GORACE=" + raceOptions, "LISTEN_FDS=1", "LISTEN_FDNAMES=mcp", "TAILSCALE_MCP_PORT=abc"}
	cmd.ExtraFiles = []*os.File{socket}
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := waiting.SetReadDeadline(time.Now().Add(refuseTime + patience)); err != nil {
		t.Fatal(err)
	}
	_, err = waiting.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the client that was waiting: got %v, want it sent away", err)
	}
	_ = cmd.Wait() // how it ended is in its exit code
	if got := cmd.ProcessState.ExitCode(); got != exitConfiguration {
		t.Errorf("got exit code %d, want %d\n%s", got, exitConfiguration, &log)
	}
	if want := `error: TAILSCALE_MCP_PORT="abc" is not a TCP port`; strings.Count(log.String(), want) != 1 {
		t.Errorf("got\n%s\nwant %q once", &log, want)
	}
}
