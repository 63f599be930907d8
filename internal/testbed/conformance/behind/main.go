// SPDX-License-Identifier: MIT

// Command behind serves an MCP server through everything that a request to a server behind
// the gate passes, from the HTTP stages to the launcher, or to a server by URL, so that the
// conformance suite can be run against it. Only tailscaled is stood in for: whoever asks is a
// user with a grant for everything. Nothing confines the server, which may ask its client
// everything.
//
//	behind LAUNCHER PROGRAM [ARGUMENT...]
//	behind -url URL [-type http|sse] LAUNCHER
//
// It is test code. It prints "listening on URL" and serves until SIGTERM.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/gateway"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/launching"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/servers"
)

// name is that of the server behind the gate.
const name = "behind"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	var e launching.Entry
	flag.StringVar(&e.URL, "url", "", "where the server is, instead of a program")
	flag.StringVar(&e.Type, "type", "", "how it is reached there: http or sse")
	flag.Parse()
	args := flag.Args()
	if len(args) == 0 || (len(args) > 1) == (e.URL != "") {
		fmt.Fprintln(os.Stderr, "usage: behind [-url URL [-type http|sse]] LAUNCHER [PROGRAM [ARGUMENT...]]")
		os.Exit(2)
	}
	e.Ours = json.RawMessage(`{"ask":["sampling","roots"],"network":["127.0.0.0/8"]}`)
	if e.URL == "" {
		e.Command, e.Args = args[1], args[2:]
	}
	if err := serve(ctx, args[0], e); err != nil {
		fmt.Fprintln(os.Stderr, "behind:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, launcher string, e launching.Entry) error {
	dir, err := os.MkdirTemp("", "mcp") // the path of a socket has little room
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of a test
	host := launching.With(dir, launcher)
	if err := host.Write(name, e); err != nil {
		return err
	}
	if err := host.Listen(name); err != nil {
		return err
	}
	defer host.Wait()
	if err := host.Approve(ctx, name, pin.Approval{AsIs: true}); err != nil {
		return err
	}

	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	registry := gate.NewRegistry(grant.Classes())
	behind := servers.New(servers.Options{Dir: dir, Dial: host.Dial, Registry: registry, Log: log, Burst: 100}) // the suite has a session for each scenario
	defer behind.Close()
	behind.Read()
	rules, err := grant.Parse([]string{`{"tools":["behind/*","behind/escalating:*"],"resources":["behind/*"],"prompts":["behind/*"]}`})
	if err != nil {
		return err
	}
	door := gateway.New(gateway.Options{
		Servers: behind, Version: "conformance", Log: log, Recheck: 100 * time.Millisecond, // the suite waits for no more
		Dispatcher: gate.NewDispatcher(gate.Options{
			Registry: registry, Audit: audit.NewJSONLines(io.Discard), Log: log, Capability: "jaxxstorm.com/cap/mcp",
			Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		}),
	})
	f := front.New(front.Options{
		Resolve: func(_ context.Context, remote netip.AddrPort) (caller.Caller, error) {
			return caller.Caller{Login: "suite@example.com", Node: "suite.example.ts.net", NodeID: "nSuite", Addr: remote, Rules: rules}, nil
		},
		Names:  func() []string { return []string{"127.0.0.1", "localhost"} },
		Health: func() string { return "up" },
		Log:    log,
	})
	door.Handle(f)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	fmt.Printf("listening on http://%s/%s/mcp\n", listener.Addr(), name)
	h := f.HTTPServer()
	context.AfterFunc(ctx, func() {
		door.Drain()
		stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = h.Shutdown(stopping)
	})
	if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}
