// SPDX-License-Identifier: MIT

// Command bare serves the conformance fixtures with plain mcp-go, without
// anything of this project in front of it. What fails here and passes through
// the full stack is what the stack mends; when a new mcp-go passes here, the
// mending can go. It is test code and imports mcp-go and the fixtures only.
//
// It prints "listening on URL" and serves on loopback until SIGTERM.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/testbed/conformance/fixtures"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	if err := serve(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

// serve serves the fixtures until ctx ends.
func serve(ctx context.Context) error {
	s := server.NewMCPServer("conformance-bare", "1.0.0",
		server.WithToolCapabilities(true),
		server.WithResourceCapabilities(true, true),
		server.WithPromptCapabilities(true),
		server.WithLogging(),
		server.WithCompletions(),
		server.WithInputSchemaValidation(),
		server.WithCacheHints(0, mcp.CacheScopePrivate),
	)
	fixtures.Register(s, s.SendNotificationToClient)
	handler := server.NewStreamableHTTPServer(s,
		server.WithStateLess(true),
		server.WithDisableStreaming(true),
		server.WithStreamableHTTPLogger(slog.New(slog.DiscardHandler)),
	)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	fmt.Printf("listening on http://%s/mcp\n", listener.Addr())
	mux := http.NewServeMux()
	mux.Handle("/mcp", handler)
	h := &http.Server{Handler: mux}
	// Close, not Shutdown: clients that only listen would hold it for ever.
	context.AfterFunc(ctx, func() { _ = h.Close() })
	if err := h.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving: %w", err)
	}
	return nil
}
