// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed"
)

// patience bounds every wait that has no tighter bound for a reason.
const patience = 30 * time.Second

// daemon is a running tailscale-mcp, beside the tailscaled of a node.
type daemon struct {
	cmd   *exec.Cmd
	port  int
	audit *output // what it writes to standard output
	log   *output // to standard error
	told  *manual // what it tells the service manager
	ended chan struct{}
	err   error // how it ended; valid after ended
}

// setup is how a test wants the daemon started.
type setup struct {
	name string   // program or activated
	env  []string // beyond what newDaemon sets
	fds  []*os.File
	port int // 0: reserve one on loopback
}

// startDaemon starts the daemon on the node's network and does not wait for it.
// It ends with t at the latest.
func startDaemon(t testing.TB, n *testbed.Node, s setup) *daemon {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if s.name == "" {
		s.name = program
	}
	if s.port == 0 {
		s.port = testbed.ReservePort(t)
	}
	d := &daemon{port: s.port, audit: &output{}, log: &output{}, told: newManual(t), ended: make(chan struct{})}
	d.cmd = exec.Command(self)
	d.cmd.Args = []string{s.name}
	d.cmd.Env = append([]string{
		"GORACE=" + raceOptions,
		"NOTIFY_SOCKET=" + d.told.path,
		"TAILSCALE_MCP_TAILSCALED_SOCKET=" + n.Socket,
		fmt.Sprintf("TAILSCALE_MCP_PORT=%d", s.port),
	}, s.env...)
	d.cmd.ExtraFiles = s.fds
	d.cmd.Stdout, d.cmd.Stderr = d.audit, d.log
	if err := n.InNamespace(d.cmd.Start); err != nil {
		t.Fatalf("starting tailscale-mcp: %v", err)
	}
	go func() {
		d.err = d.cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(func() {
		if d.running() {
			_ = d.cmd.Process.Kill()
			<-d.ended
		}
		if t.Failed() {
			t.Logf("tailscale-mcp said:\n%s", d.log)
			t.Logf("its last refusals:\n%s", d.refusals(20))
		}
		if strings.Contains(d.log.String(), "WARNING: DATA RACE") || strings.Contains(d.log.String(), "panic") {
			t.Errorf("tailscale-mcp raced or panicked:\n%s", d.log)
		}
	})
	return d
}

func (d *daemon) running() bool {
	select {
	case <-d.ended:
		return false
	default:
		return true
	}
}

// refusals are the last of the audit's records of those who had no identity.
func (d *daemon) refusals(most int) string {
	var lines []string
	for line := range strings.Lines(d.audit.String()) {
		if strings.Contains(line, `"method":"POST /mcp"`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-most):], "")
}

// mustRun fails the test when the daemon has ended.
func (d *daemon) mustRun(t testing.TB) {
	t.Helper()
	if !d.running() {
		t.Fatalf("tailscale-mcp has ended: %v\n%s", d.err, d.log)
	}
}

// terminate asks it to end, as systemd does.
func (d *daemon) terminate(t testing.TB) {
	t.Helper()
	if err := d.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
}

// end waits for the end and returns the exit code.
func (d *daemon) end(t testing.TB) int {
	t.Helper()
	const atMost = stopTimeout + patience
	select {
	case <-d.ended:
	case <-time.After(atMost):
		t.Fatalf("tailscale-mcp did not end within %s", atMost)
	}
	return d.cmd.ProcessState.ExitCode()
}

// health asks GET /healthz on loopback, which needs no identity.
func (d *daemon) health(ctx context.Context) (status int, word string, err error) {
	return askHealth(ctx, http.DefaultClient, fmt.Sprintf("127.0.0.1:%d", d.port))
}

func askHealth(ctx context.Context, c *http.Client, at string) (status int, word string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at+"/healthz", nil)
	if err != nil {
		return 0, "", err
	}
	res, err := c.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	var b bytes.Buffer
	_, err = b.ReadFrom(res.Body)
	return res.StatusCode, strings.TrimSpace(b.String()), err
}

// mustBecome waits until /healthz says so.
func (d *daemon) mustBecome(t testing.TB, status int, word string) {
	t.Helper()
	await(t, patience, func() error {
		d.mustRun(t)
		gotStatus, got, err := d.health(t.Context())
		if err == nil && (gotStatus != status || got != word) {
			err = fmt.Errorf("/healthz: got %d %q, want %d %q", gotStatus, got, status, word)
		}
		return err
	})
}

// await asks until the answer is nil, and fails the test with the last one when
// it takes longer than atMost. It returns how long it took.
func await(t testing.TB, atMost time.Duration, wanting func() error) time.Duration {
	t.Helper()
	began := time.Now()
	for {
		err := wanting()
		took := time.Since(began)
		switch {
		case err == nil:
			return took
		case took > atMost:
			t.Fatalf("not within %s: %v", atMost, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// output collects what a program writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// mustHave waits until all these are in it: what a program writes is read a moment later.
func (o *output) mustHave(t testing.TB, texts ...string) {
	t.Helper()
	await(t, patience, func() error {
		all := o.String()
		for _, text := range texts {
			if !strings.Contains(all, text) {
				return fmt.Errorf("there is no %s in:\n%s", text, all)
			}
		}
		return nil
	})
}

// manual plays the service manager's end of sd_notify(3): it keeps each datagram
// with the time it came.
type manual struct {
	path string
	conn *net.UnixConn

	mu    sync.Mutex
	notes []note
}

type note struct {
	at    time.Time
	lines []string
}

func newManual(t testing.TB) *manual {
	t.Helper()
	m := &manual{path: filepath.Join(t.TempDir(), "notify")}
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: m.path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	m.conn = conn
	t.Cleanup(func() { _ = conn.Close() })
	go m.receive()
	return m
}

func (m *manual) receive() {
	buf := make([]byte, 4096)
	for {
		n, err := m.conn.Read(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		m.mu.Lock()
		m.notes = append(m.notes, note{time.Now(), strings.Split(strings.TrimSpace(string(buf[:n])), "\n")})
		m.mu.Unlock()
	}
}

// all returns the times at which a line was told that begins so.
func (m *manual) all(prefix string) (times []time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range m.notes {
		for _, line := range n.lines {
			if strings.HasPrefix(line, prefix) {
				times = append(times, n.at)
			}
		}
	}
	return times
}

// status returns the last STATUS.
func (m *manual) status() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	last := ""
	for _, n := range m.notes {
		for _, line := range n.lines {
			if text, ok := strings.CutPrefix(line, "STATUS="); ok {
				last = text
			}
		}
	}
	return last
}

// mustSay waits until the last STATUS has a text in it.
func (m *manual) mustSay(t testing.TB, text string) {
	t.Helper()
	await(t, patience, func() error {
		if got := m.status(); !strings.Contains(got, text) {
			return fmt.Errorf("STATUS: got %q, want %q", got, text)
		}
		return nil
	})
}
