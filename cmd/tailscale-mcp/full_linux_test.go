// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// dialogue is a program that answers requests on its standard output.
type dialogue struct {
	in    io.Writer
	out   *bufio.Scanner
	log   *output
	calls int
}

// call calls a tool and returns the text of the answer.
func (d *dialogue) call(t *testing.T, tool string, arguments any) string {
	t.Helper()
	d.calls++
	text, err := json.Marshal(map[string]any{
		"jsonrpc": "2.0", "id": d.calls, "method": "tools/call", "params": map[string]any{"name": tool, "arguments": arguments},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(d.in, "%s\n", text); err != nil {
		t.Fatal(err)
	}
	for d.out.Scan() {
		if strings.Contains(d.out.Text(), fmt.Sprintf(`"id":%d,`, d.calls)) {
			return d.out.Text()
		}
	}
	t.Fatalf("no answer to %s: %s", text, d.log)
	return ""
}

// TestRootAuditOnFullDisk: the audit is on a file system of 1 MiB that is full. No
// change is made, the API is asked nothing for one, reads go on; and with room
// again changes are made. Each change that was made has its record.
func TestRootAuditOnFullDisk(t *testing.T) {
	testbed.RequireNamespaces(t)
	api, err := fakeapi.Start(fakeapi.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	// The mount is in a namespace of the program's own, and ends with it.
	as := filepath.Join(t.TempDir(), program)
	if err := os.Symlink(self, as); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-euc", `mount -t tmpfs -o size=1m,mode=700 tmpfs "$1"; exec "$0" stdio`, as, folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "GORACE=" + raceOptions,
		"TAILSCALE_API_URL=" + api.URL(), "TAILSCALE_API_KEY=" + fakeapi.DefaultAPIKey,
		"TAILSCALE_MCP_ALLOW=read,write", "TAILSCALE_MCP_TAILSCALED_SOCKET=" + filepath.Join(t.TempDir(), "away"),
		"TAILSCALE_MCP_AUDIT_FILE=" + filepath.Join(folder, "audit.jsonl"),
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d := &dialogue{in: in, out: bufio.NewScanner(out), log: &output{}}
	d.out.Buffer(nil, 1<<20)
	cmd.Stderr = d.log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	t.Cleanup(func() {
		if !ended {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
		if t.Failed() {
			t.Logf("it said:\n%s", d.log)
		}
	})
	fmt.Fprintln(in, `{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}`)
	fmt.Fprintln(in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	api.AddDevices(3)
	device := api.Devices()[0].NodeID
	rename := func(i int) string {
		return d.call(t, "set_device_name", map[string]any{"device": device, "name": fmt.Sprint("name-", i)})
	}
	if got := rename(0); strings.Contains(got, `"isError":true`) {
		t.Fatalf("with room: %s", got)
	}

	mounted := filepath.Join("/proc", fmt.Sprint(cmd.Process.Pid), "root", folder)
	ballast := filepath.Join(mounted, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("filling the file system: got %v", err)
	}
	// What is left of the last block takes some records more.
	refused, made := "", 1
	for i := 1; refused == ""; i++ {
		if i == 50 {
			t.Fatal("50 changes were recorded on a file system that is full")
		}
		asked := len(api.Requests())
		switch got := rename(i); {
		case strings.Contains(got, "audit_failed"):
			refused = got
			if more := len(api.Requests()) - asked; more > 0 {
				t.Errorf("the API was asked %d times for a change that was refused", more)
			}
		case strings.Contains(got, `"isError":true`):
			t.Fatalf("a change: %s", got)
		default:
			made++
		}
	}
	if !strings.Contains(refused, filepath.Join(folder, "audit.jsonl")) {
		t.Errorf("got %s, want the file in it", refused)
	}
	for _, read := range []string{"whoami", "list_all_devices"} {
		for range 20 {
			if got := d.call(t, read, map[string]any{}); strings.Contains(got, `"isError":true`) {
				t.Fatalf("a read: %s", got)
			}
		}
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if got := rename(99); strings.Contains(got, `"isError":true`) {
		t.Errorf("with room again: %s", got)
	}
	made++
	if got := api.Count("setDeviceName"); got != made {
		t.Errorf("the API made %d changes, want %d", got, made)
	}
	if got := d.call(t, "whoami", map[string]any{}); strings.Contains(got, `"isError":true`) {
		t.Errorf("a read: %s", got)
	}
	changes, reads := "", ""
	await(t, patience, func() error { // of reads nobody waits for the record
		for name, text := range map[string]*string{"audit.jsonl": &changes, "audit-reads.jsonl": &reads} {
			b, err := os.ReadFile(filepath.Join(mounted, name))
			if err != nil {
				return err
			}
			*text = string(b)
		}
		if !strings.Contains(reads, `"event":"lost"`) {
			return errors.New("the records of the reads do not say that some are missing")
		}
		return nil
	})
	for line := range strings.Lines(changes) {
		if !json.Valid([]byte(line)) {
			t.Errorf("%q is half a record", line)
		}
	}
	if got := strings.Count(changes, `"event":"decision"`); got != made {
		t.Errorf("%d changes have %d records of their decisions", made, got)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	ended = true
	if err := cmd.Wait(); err != nil {
		t.Errorf("the end: %v", err)
	}
}
