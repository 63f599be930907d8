// SPDX-License-Identifier: MIT

// Command stack serves the conformance fixtures through everything that a
// request to the daemon passes: the HTTP stages, identity, the message, its revision
// and what goes back; whatever is no fixture passes the dispatcher and the audit too. Only tailscaled is stood in for, by
// one that knows the suite as a user with a grant for everything, since the
// suite can dial nothing but loopback.
//
// It is test code. It prints "listening on URL" and serves until SIGTERM.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/identity"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/tool"
)

const capability = "jaxxstorm.com/cap/mcp"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := serve(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "stack:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	resolver := identity.New(identity.Options{
		Tailscaled: tailscaled{},
		Capability: capability,
		Self:       func() (string, bool) { return "nServer", true },
		Log:        log,
	})
	s := mcpserver.New(mcpserver.Options{
		Dispatcher: gate.NewDispatcher(gate.Options{
			Registry:   tool.NewRegistry(grant.Classes(), tool.WhoAmI()),
			Audit:      audit.NewJSONLines(io.Discard),
			Log:        log,
			Capability: capability,
			Host:       func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		}),
		Version: "conformance",
		Log:     log,
		Recheck: 100 * time.Millisecond, // the suite waits for no more
		Aside:   aside(),
	})
	f := front.New(front.Options{
		Resolve: resolver.Resolve,
		Names:   func() []string { return []string{"127.0.0.1", "localhost"} },
		Health:  func() string { return "up" },
		Refused: s.Refused,
		Log:     log,
	})
	f.Handle(mcpserver.Path, s.Serve)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	fmt.Printf("listening on http://%s%s\n", listener.Addr(), mcpserver.Path)
	h := f.HTTPServer()
	context.AfterFunc(ctx, func() {
		s.Drain()
		stopping, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = h.Shutdown(stopping)
	})
	if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}

// tailscaled knows whoever asks as one user who may do everything.
type tailscaled struct{}

func (tailscaled) WhoIsProto(context.Context, string, string) (*apitype.WhoIsResponse, error) {
	return &apitype.WhoIsResponse{
		Node:        &tailcfg.Node{StableID: "nSuite", Name: "suite.example.ts.net."},
		UserProfile: &tailcfg.UserProfile{LoginName: "suite@example.com"},
		CapMap: tailcfg.PeerCapMap{
			capability: {`{"tools":["*","escalating:*"],"resources":["*"]}`},
		},
	}, nil
}

func (tailscaled) StatusWithoutPeers(context.Context) (*ipnstate.Status, error) {
	return &ipnstate.Status{BackendState: ipn.Running.String(), Self: &ipnstate.PeerStatus{ID: "nServer"}}, nil
}
