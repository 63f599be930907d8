// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/testbed"
)

// These tests run the command on nodes of a real tailnet, where tailscaled
// decides who is who.

// TestTailnet: nodes without a network device, and without privileges.
func TestTailnet(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED, runs tailscaled: -short")
	}
	inTailnet(t, testbed.Options{})
}

// TestRootTailnet: nodes with real addresses, on which the system resolves no
// MagicDNS name.
func TestRootTailnet(t *testing.T) {
	inTailnet(t, testbed.Options{Namespaces: true})
}

func inTailnet(t *testing.T, opts testbed.Options) {
	tn := testbed.New(t, opts)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	nodes, err := tn.AddNodes(ctx,
		testbed.NodeOptions{Name: "ts-mcp", Tags: []string{"tag:mcp"}},
		testbed.NodeOptions{Name: "laptop", Login: "jürgen@example.com"},
		testbed.NodeOptions{Name: "runner", Tags: []string{"tag:ci", "tag:build"}},
	)
	if err != nil {
		t.Fatal(err)
	}
	server, laptop, runner := nodes[0], nodes[1], nodes[2]
	port := serveWhoIs(t, server)

	callers := []struct {
		node *testbed.Node
		want string // WhoIs of the connection, then the headers
	}{
		{laptop, fmt.Sprintf("%s | user %s tags  node %s", laptop.FQDN(), "=?utf-8?q?j=C3=BCrgen@example.com?=", laptop.FQDN())},
		{runner, fmt.Sprintf("%s | user  tags tag:build,tag:ci node %s", runner.FQDN(), runner.FQDN())},
	}
	for _, caller := range callers {
		for _, host := range []string{"ts-mcp", server.FQDN(), server.IPv4().String()} {
			t.Run(caller.node.Name+" to "+host, func(t *testing.T) {
				p := launch(t, caller.node.Command, "--server", "http://"+net.JoinHostPort(host, port)+"/mcp", "--tailscaled-socket", caller.node.Socket)
				got := p.ask(initialize)
				if !strings.Contains(got, `"`+caller.want+`"`) {
					t.Errorf("got %s, want %s; stderr: %s", got, caller.want, p.stderr.String())
				}
				_ = p.stdin.Close()
				if code := p.exit(); code != cli.Done {
					t.Errorf("exit code: got %d, want %d; stderr: %s", code, cli.Done, p.stderr.String())
				}
			})
		}
	}
	t.Run("tailscaled restarts", func(t *testing.T) {
		p := launch(t, laptop.Command, "--server", "http://"+net.JoinHostPort("ts-mcp", port)+"/mcp", "--tailscaled-socket", laptop.Socket)
		p.ask(initialize)
		if err := laptop.Stop(ctx); err != nil {
			t.Fatal(err)
		}
		if err := laptop.Start(ctx); err != nil {
			t.Fatal(err)
		}
		p.askUntil(callers[0].want)
		_ = p.stdin.Close()
		p.exit()
	})
	t.Run("tailscaled is required", func(t *testing.T) {
		mustWaitForTailscaled(ctx, t, laptop, "http://"+net.JoinHostPort("ts-mcp", port)+"/mcp", callers[0].want)
	})
}

// askUntil initializes again and again until the answer has want in it.
func (p *process) askUntil(want string) {
	p.t.Helper()
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		got := p.ask(strings.Replace(initialize, `"id":1`, `"id":2`, 1))
		if strings.Contains(got, want) {
			return
		}
		if time.Since(begin) > patience {
			p.t.Fatalf("got %s, want %s; stderr: %s", got, want, p.stderr.String())
		}
	}
}

// mustWaitForTailscaled: with --require-tailscale (PX26) nothing is sent until
// tailscaled is there, and then all is well.
func mustWaitForTailscaled(ctx context.Context, t *testing.T, laptop *testbed.Node, url, want string) {
	if err := laptop.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	p := launch(t, laptop.Command, "--server", url, "--tailscaled-socket", laptop.Socket, "--require-tailscale")
	if got := p.ask(initialize); !strings.Contains(got, `"code":-31001`) || !strings.Contains(got, `"outcome":"not sent"`) ||
		!strings.Contains(got, "refused by --require-tailscale: no tailscaled answers on this machine") {
		t.Errorf("without tailscaled: got %s, want a refusal and why", got)
	}
	if err := laptop.Start(ctx); err != nil {
		t.Fatal(err)
	}
	p.askUntil(want)
	_ = p.stdin.Close()
	p.exit()
	if got := p.stderr.String(); strings.Count(got, "no request is sent") == 0 || strings.Contains(got, "identity headers are not sent") {
		t.Errorf("got on stderr: %s, want why nothing was sent", got)
	}
}

// serveWhoIs is a server on node that answers with who its tailscaled says the
// caller is, and who the caller says it is.
func serveWhoIs(t *testing.T, node *testbed.Node) (port string) {
	t.Helper()
	address := ":0"
	if node.Userspace() {
		address = "127.0.0.1:0"
	}
	l, err := node.Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who, err := node.LocalClient().WhoIs(r.Context(), r.RemoteAddr)
		if err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		var in struct{ ID json.RawMessage }
		body, _ := io.ReadAll(r.Body)
		_ = json.Unmarshal(body, &in)
		said := fmt.Sprintf("%s | user %s tags %s node %s", strings.TrimSuffix(who.Node.Name, "."),
			r.Header.Get("X-Tailscale-User"), r.Header.Get("X-Tailscale-Tags"), r.Header.Get("X-Tailscale-Node"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","caller":%q}}`, in.ID, said)
	})}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
