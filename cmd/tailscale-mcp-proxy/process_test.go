// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/cli"
)

const patience = time.Minute

var deletes atomic.Int32

// serveEcho is a server with one session that answers every request with the
// method it has.
func serveEcho(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			ID     json.RawMessage
			Method string
		}
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &in)
		switch {
		case r.Method == http.MethodDelete:
			deletes.Add(1)
		case r.Method == http.MethodGet:
			w.WriteHeader(http.StatusMethodNotAllowed)
		case in.ID == nil:
			w.WriteHeader(http.StatusAccepted)
		default:
			if in.Method == "initialize" {
				w.Header().Set("Mcp-Session-Id", "one")
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","method":%q}}`, in.ID, in.Method)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL + "/mcp"
}

// process is the command at work.
type process struct {
	*exec.Cmd
	t      *testing.T
	stdin  io.WriteCloser
	stdout *bufio.Reader
	pipe   io.Closer
	stderr strings.Builder
}

// here makes a command that runs where the test does.
func here(ctx context.Context, name string, args ...string) *exec.Cmd {
	return exec.CommandContext(ctx, name, args...)
}

// launch starts the command, made by one like here.
func launch(t *testing.T, command func(context.Context, string, ...string) *exec.Cmd, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: command(t.Context(), exe, args...), t: t}
	p.Env = environment(asCommand+"=1", "GORACE=atexit_sleep_ms=0") // or its end takes a second more
	p.Stderr = &p.stderr
	if p.stdin, err = p.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdout, p.pipe = bufio.NewReader(out), out
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// ask sends a request and returns the answer.
func (p *process) ask(msg string) string {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, msg+"\n"); err != nil {
		p.t.Fatal(err)
	}
	line, err := p.stdout.ReadString('\n')
	if err != nil {
		p.t.Fatalf("reading the answer to %s: %v", msg, err)
	}
	return line
}

// exit waits for the process and returns its exit code.
func (p *process) exit() int {
	p.t.Helper()
	late := time.AfterFunc(patience, func() { _ = p.Process.Kill() })
	defer late.Stop()
	_ = p.Wait()
	return p.ProcessState.ExitCode()
}

const initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`

// TestPX15Process is how the process ends, by exit code, and that it says
// goodbye to the server.
func TestPX15Process(t *testing.T) {
	url := serveEcho(t)
	tests := []struct {
		name string
		end  func(*process)
		want int
	}{
		{"stdin ends", func(p *process) { _ = p.stdin.Close() }, cli.Done},
		{"stdout breaks", func(p *process) {
			_ = p.pipe.Close()
			_, _ = io.WriteString(p.stdin, `{"jsonrpc":"2.0","id":2,"method":"ping"}`+"\n")
		}, cli.Failed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			checkEnd(t, url, tt.end, tt.want)
		})
	}
}

// checkEnd starts the command in a session, ends it by end, and checks that it
// exits with the code want within three seconds, and with one goodbye.
func checkEnd(t *testing.T, url string, end func(*process), want int) {
	t.Helper()
	before := deletes.Load()
	p := launch(t, here, "--server", url)
	if got := p.ask(initialize); !strings.Contains(got, `"id":1,"result"`) {
		t.Errorf("got %s, want the server's answer", got)
	}
	begin := time.Now()
	end(p)
	if got := p.exit(); got != want {
		t.Errorf("exit code: got %d, want %d; stderr: %s", got, want, p.stderr.String())
	}
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("took %v, want less than 3s", took)
	}
	if n := deletes.Load() - before; n != 1 {
		t.Errorf("got %d DELETEs, want 1", n)
	}
}
