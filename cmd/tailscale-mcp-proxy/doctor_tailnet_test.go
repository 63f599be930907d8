// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"tailscale.com/ipn"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/testbed"
)

// TestDoctorTailnet: from a node that is set up wrong in every way to tools
// that are granted, with the real daemon and the real tailscaled.
func TestDoctorTailnet(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, runs tailscaled: -short")
	}
	doctorInTailnet(t, testbed.Options{})
}

// TestRootDoctorTailnet is the same with real addresses.
func TestRootDoctorTailnet(t *testing.T) {
	doctorInTailnet(t, testbed.Options{Namespaces: true})
}

func doctorInTailnet(t *testing.T, opts testbed.Options) {
	tn := testbed.New(t, opts)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	nodes, err := tn.AddNodes(ctx,
		testbed.NodeOptions{Name: "ts-mcp", Tags: []string{"tag:mcp"}},
		testbed.NodeOptions{Name: "laptop", Login: "alice@example.com"},
	)
	if err != nil {
		t.Fatal(err)
	}
	server, laptop := nodes[0], nodes[1]
	port := testbed.ReservePort(t)
	args := func(host string) []string {
		return []string{"--server", fmt.Sprintf("http://%s/mcp", net.JoinHostPort(host, fmt.Sprint(port))), "--tailscaled-socket", laptop.Socket, "--connect-timeout", "5s"}
	}
	diagnose := func(host, failed string, says ...string) {
		t.Helper()
		mustDiagnose(t, laptop.Command, args(host), failed, says...)
	}

	diagnose("nobody", "name", "ok    tailscaled: version ", "ok    state: connected as alice@example.com on "+laptop.FQDN()+"\n", `knows the name "nobody"`, "tailscale status")
	mustDiagnose(t, laptop.Command, append(args("192.0.2.1"), "--require-tailscale"), "node", "192.0.2.1 is not a node of this tailnet", "tailscale status")
	diagnose("ts-mcp", "connection", fmt.Sprintf("fail  connection: ts-mcp:%d refused the connection\n", port))

	startDaemon(ctx, t, server, laptop, port)
	diagnose("ts-mcp", "tools",
		fmt.Sprintf("ok    name: ts-mcp is %s, %s, by tailscaled\n", server.IPv4(), server.IPv6()), "ok    node: "+server.FQDN()+" of tag:mcp\n", "ok    protocol: tailscale-mcp ",
		"ok    identity: tag:mcp (tcp:", "takes you for alice@example.com on "+laptop.FQDN()+" (",
		"fail  tools: nothing is granted to you there\n", `"src": ["alice@example.com"]`, `"jaxxstorm.com/cap/mcp"`)

	if err := tn.SetGrants(ctx, server, testbed.Grant{Cap: "jaxxstorm.com/cap/mcp", Values: []string{`{"tools":["list_peers","ping_peer"]}`}}); err != nil {
		t.Fatal(err)
	}
	// The daemon may go by what it knows for a second.
	for begin := time.Now(); ; {
		out, _, code := diagnosis(t, laptop.Command, args("ts-mcp"))
		if code == cli.Done {
			break
		}
		if time.Since(begin) > patience {
			t.Fatalf("got\n%s\nwant tools to be granted", out)
		}
	}
	for _, host := range []string{"ts-mcp", strings.ToUpper(server.FQDN()), server.IPv4().String(), server.IPv6().String()} {
		diagnose(host, "", "ok    tools: 3: list_peers, ping_peer, whoami; ", "more are not granted", "ok    latency: ")
	}

	// And then it breaks again, closer and closer.
	if err := server.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	diagnose("ts-mcp", "connection", "fail  connection: ts-mcp does not answer\n")
	if _, err := laptop.LocalClient().EditPrefs(ctx, &ipn.MaskedPrefs{WantRunningSet: true}); err != nil {
		t.Fatal(err)
	}
	awaitState(ctx, t, laptop, ipn.Stopped)
	required := func(failed string, says ...string) {
		t.Helper()
		mustDiagnose(t, laptop.Command, append(args("ts-mcp"), "--require-tailscale"), failed, says...)
	}
	required("state", "Tailscale is turned off on this machine", "run: tailscale up")
	diagnose("ts-mcp", "name", "note  state: no identity is sent: Tailscale is turned off on this machine\n", "next: run: tailscale up")
	if err := laptop.LogOut(ctx); err != nil {
		t.Fatal(err)
	}
	awaitState(ctx, t, laptop, ipn.NeedsLogin)
	required("state", "Tailscale is logged out on this machine", "run: tailscale up")
	if err := laptop.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	required("tailscaled", "no tailscaled answers on this machine", "--tailscaled-socket")
}

// awaitState waits until the node's tailscaled says that this is its state.
func awaitState(ctx context.Context, t *testing.T, n *testbed.Node, want ipn.State) {
	t.Helper()
	for begin := time.Now(); ; {
		st, err := n.LocalClient().StatusWithoutPeers(ctx)
		if err == nil && st.BackendState == want.String() {
			return
		}
		if time.Since(begin) > patience {
			t.Fatalf("got %+v and %v, want state %v", st, err, want)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// startDaemon runs tailscale-mcp on the node server until the test ends, and
// waits until it answers on the node client.
func startDaemon(ctx context.Context, t *testing.T, server, client *testbed.Node, port int) {
	t.Helper()
	exe := filepath.Join(t.TempDir(), "tailscale-mcp")
	if out, err := exec.CommandContext(ctx, "go", "build", "-race", "-o", exe, "tailscale-mcp/cmd/tailscale-mcp").CombinedOutput(); err != nil {
		t.Fatalf("building tailscale-mcp: %v\n%s", err, out)
	}
	var log lockedBuffer
	d := server.Command(ctx, exe)
	d.Env = []string{"TAILSCALE_MCP_TAILSCALED_SOCKET=" + server.Socket, fmt.Sprintf("TAILSCALE_MCP_PORT=%d", port)}
	d.Stdout, d.Stderr = &log, &log
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.Process.Signal(syscall.SIGTERM)
		_ = d.Wait()
		if t.Failed() {
			t.Logf("tailscale-mcp said:\n%s", &log)
		}
	})
	health := fmt.Sprintf("http://%s:%d/healthz", server.IPv4(), port)
	for begin := time.Now(); ; {
		resp, err := client.HTTPClient().Get(health)
		if err == nil {
			_ = resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		if time.Since(begin) > patience {
			t.Fatalf("tailscale-mcp does not serve: %v\n%s", err, &log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
