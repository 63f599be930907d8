// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"
)

var (
	soakFor  = flag.Duration("soak", 2*time.Second, "how long TestPX6Soak keeps a proxy busy")
	soakSeed = flag.Uint64("soak-seed", 0, "what TestPX6Soak begins chance with; 0 for the clock")
)

// Tolerances of the soak, of the figures at rest: those of goroutines and
// descriptors against the time before the first call, that of memory against
// the time after the first tenth.
const (
	soakGoroutines  = 2
	soakDescriptors = 2
	soakMemory      = 24 << 20 // bytes resident; the largest message is 1 MiB
)

// figures are what a proxy takes at rest.
type figures struct {
	goroutines  int // of the test and the proxy in it
	own         int // descriptors of the test and the proxy in it
	descriptors int // of the process
	memory      int // of the process: resident, in bytes
}

// TestPX6Soak keeps two proxies busy, one in this process and the command in one
// of its own, while their servers are restarted, slowed, cut off, forgetful and
// wrong. Every request has exactly one answer, one that was cancelled at most
// one, and nothing else is on stdout; what the proxies take at rest stays flat.
func TestPX6Soak(t *testing.T) {
	seed := *soakSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d (-soak-seed)", seed)
	here, process := soakHere(t, seed), soakProcess(t, seed+1)
	clients := []*soakClient{here, process.client}
	each := func(f func(*soakClient)) {
		var all sync.WaitGroup
		for _, c := range clients {
			all.Go(func() { f(c) })
		}
		all.Wait()
	}
	each((*soakClient).begin)
	if t.Failed() {
		return
	}

	var start, warm figures
	begin := time.Now()
	for _, phase := range []struct {
		name   string
		tenths time.Duration
	}{{"start", 0}, {"warm", 1}, {"middle", 4}, {"end", 5}} {
		if phase.tenths > 0 {
			until := time.Now().Add(*soakFor / 10 * phase.tenths)
			each(func(c *soakClient) { c.load(until) })
		}
		each((*soakClient).settle)
		if t.Failed() {
			return
		}
		now := process.figures(t, start)
		switch phase.name {
		case "start":
			start = now
		case "warm":
			warm = now
		}
		t.Logf("%-6s after %v: goroutines %d, descriptors %d and %d, memory %.1f MiB", phase.name,
			time.Since(begin).Round(time.Millisecond), now.goroutines, now.own, now.descriptors, float64(now.memory)/(1<<20))
		if warm.memory > 0 && now.memory > warm.memory+soakMemory {
			t.Errorf("%s: got %d bytes of memory, want at most %d more than the %d of before", phase.name, now.memory, soakMemory, warm.memory)
		}
	}
	for _, c := range clients {
		c.report()
	}
	process.end(t)
}

// soakHere is a client of a proxy in this process.
func soakHere(t *testing.T, seed uint64) *soakClient {
	s := newSoakServer(t, seed)
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := newSoakClient(t, "here", seed, s, inW, outR)
	ended := make(chan error, 1)
	go func() {
		ended <- Run(context.WithoutCancel(t.Context()), Config{Server: mustURL(t, s.url()), Agent: "soak", Log: slog.New(slog.DiscardHandler)}, inR, outW)
		_ = inR.Close()
		_ = outW.Close()
	}()
	t.Cleanup(func() {
		_ = inW.Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the end of the proxy: got %v, want a clean one", err)
			}
		case <-time.After(patience):
			t.Error("the proxy does not end")
		}
	})
	return c
}

// soakedProcess is the command in a process of its own, and its client.
type soakedProcess struct {
	*exec.Cmd
	client *soakClient
	stdin  io.Closer
	stderr bytes.Buffer
}

func soakProcess(t *testing.T, seed uint64) *soakedProcess {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "tailscale-mcp-proxy")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", exe, "tailscale-mcp/cmd/tailscale-mcp-proxy").CombinedOutput(); err != nil {
		t.Fatalf("building the command: %v\n%s", err, out)
	}
	s := newSoakServer(t, seed)
	p := &soakedProcess{Cmd: exec.CommandContext(t.Context(), exe, "--server", s.url(), "--tailscaled-socket", filepath.Join(t.TempDir(), "none"))}
	p.Stderr = &p.stderr
	stdin, err := p.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.stdin = stdin
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	p.client = newSoakClient(t, "process", seed, s, stdin, stdout)
	return p
}

// figures waits until goroutines and descriptors are what they were at the
// start, as they have to be, and reads them and the memory.
func (p *soakedProcess) figures(t *testing.T, start figures) (now figures) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		now = figures{goroutines: runtime.NumGoroutine(), own: descriptors(t, os.Getpid()), descriptors: descriptors(t, p.Process.Pid)}
		flat := now.goroutines <= start.goroutines+soakGoroutines && now.own <= start.own+soakDescriptors && now.descriptors <= start.descriptors+soakDescriptors
		if start == (figures{}) || flat {
			break
		}
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Errorf("at rest: got %+v, want what it was before, %+v\n%s", now, start, stacks[:runtime.Stack(stacks, true)])
			break
		}
	}
	now.memory = resident(t, p.Process.Pid)
	return now
}

// end ends the command, which is to end well. How soon, TestPX15End looks at.
func (p *soakedProcess) end(t *testing.T) {
	t.Helper()
	_ = p.stdin.Close()
	late := time.AfterFunc(patience, func() { _ = p.Process.Kill() })
	defer late.Stop()
	p.client.mu.Lock()
	for !p.client.eof {
		p.client.cond.Wait()
	}
	p.client.mu.Unlock()
	if err := p.Wait(); err != nil {
		t.Errorf("the end of the process: got %v, want a clean one", err)
	}
	if bytes.Contains(p.stderr.Bytes(), []byte("defect in the proxy")) {
		t.Errorf("stderr: got %s, want no defect", p.stderr.String())
	}
}

func descriptors(t *testing.T, pid int) int {
	t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// resident is how much memory a process has, in bytes.
func resident(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := bytes.Cut(status, []byte("\nVmRSS:"))
	words := bytes.Fields(rest)
	if len(words) == 0 {
		t.Fatalf("no VmRSS in %s", status)
	}
	kilobytes, err := strconv.Atoi(string(words[0]))
	if err != nil {
		t.Fatal(err)
	}
	return kilobytes << 10
}
