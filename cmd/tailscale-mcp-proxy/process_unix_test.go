// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"tailscale-mcp/internal/cli"
)

// TestPX15Signals: each signal that asks to stop is a clean end.
func TestPX15Signals(t *testing.T) {
	url := serveEcho(t)
	for name, s := range map[string]os.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT, "SIGHUP": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			checkEnd(t, url, func(p *process) { _ = p.Process.Signal(s) }, cli.Done)
		})
	}
}

// TestPX15ParentGone: the process that started the command is killed, while
// another one, this test, still holds the other ends of its pipes open.
func TestPX15ParentGone(t *testing.T) {
	url := serveEcho(t)
	before := deletes.Load()
	in, stdin, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	stdout, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdout.Close() }()

	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// A shell gives what it starts in the background no standard input of its
	// own, unless it is told to.
	client := exec.CommandContext(t.Context(), "/bin/sh", "-c", `"$0" "$@" <&3 & wait`, exe, "--server", url)
	client.Env = environment(asCommand+"=1", "GORACE=atexit_sleep_ms=0")
	client.ExtraFiles = []*os.File{in}
	client.Stdout = out
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	_ = out.Close()
	if err := stdout.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	ask := func(msg string) {
		t.Helper()
		if _, err := io.WriteString(stdin, msg+"\n"); err != nil {
			t.Fatal(err)
		}
		if got, err := lines.ReadString('\n'); err != nil || !strings.Contains(got, `"result"`) {
			t.Fatalf("got %q, %v, want the server's answer", got, err)
		}
	}
	ask(initialize)

	if err := client.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = client.Wait()
	// The last process that can write to the pipe ends: that is the command.
	if rest, err := io.ReadAll(lines); err != nil || len(rest) > 0 {
		t.Errorf("after the parent's end: got %q, %v, want the end of stdout", rest, err)
	}
	if n := deletes.Load() - before; n != 1 {
		t.Errorf("got %d DELETEs, want 1", n)
	}
}
