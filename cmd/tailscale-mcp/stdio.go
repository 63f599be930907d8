// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os/user"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/version"
)

// stdioHost is the name that the relay addresses the server in this process by.
const stdioHost = "stdio"

// runStdio serves the person who started the program and therefore holds the
// credential: no peer to identify and no grant to read, but the ceiling holds.
// It is the whole daemon behind the whole proxy, with a connection in memory
// between them, so that nothing can behave otherwise here than there.
func runStdio(ctx context.Context, s streams, args []string) error {
	if err := none(newFlags("stdio"), args); err != nil {
		return err
	}
	cfg, err := config.Load()
	if err != nil {
		return err
	}
	// Standard output belongs to the protocol.
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: max(cfg.LogLevel, slog.LevelWarn)}))
	api, err := newAPI(cfg, log)
	if err != nil {
		return hinted{err, "correct the credential in " + config.File}
	}
	operator := caller.Operator(operatorName())
	mcp := mcpserver.New(mcpserver.Options{
		Dispatcher: tool.NewDispatcher(tool.Options{
			Registry:   catalog.New(catalog.Options{Local: localClient(cfg), API: api, Ceiling: cfg.Allow, Capability: cfg.Capability, Version: version.String()}),
			Audit:      audit.Open(s.err),
			Log:        log,
			Capability: cfg.Capability,
			Host:       func() tool.Host { return tool.Host{Name: stdioHost, Port: cfg.Port} },
		}),
		Resolve: func(context.Context, netip.AddrPort) (caller.Caller, error) { return operator, nil },
		Names:   func() []string { return []string{stdioHost} },
		Health:  func() string { return "up" },
		Version: version.String(),
		Log:     log,
	})
	memory := newPipes()
	h := mcp.HTTPServer()
	served := make(chan error, 1)
	go func() { served <- h.Serve(memory) }()
	err = proxy.Run(ctx, proxy.Config{
		Server: &url.URL{Scheme: "http", Host: stdioHost, Path: mcpserver.Path},
		Agent:  "tailscale-mcp-stdio/" + version.String(),
		Log:    log,
		Dial:   memory.dial,
	}, s.in, s.out)
	// The client has its answers or is gone; a change that has begun still ends
	// within its own bound and is recorded.
	mcp.Drain()
	ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if stuck := h.Shutdown(ending); stuck != nil {
		err = errors.Join(err, fmt.Errorf("calls in flight were cut off after %s: %w", stopTimeout, stuck), h.Close())
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// operatorName names the person in the audit: the account on this machine.
func operatorName() string {
	u, err := user.Current()
	if err != nil {
		return "operator"
	}
	return u.Username
}

// pipes is a network with one server and no address: nobody but this process
// can connect to it.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newPipes() *pipes {
	return &pipes{make(chan net.Conn), make(chan struct{})}
}

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- piped{far}:
		return near, nil
	case <-p.closed:
	case <-ctx.Done():
	}
	return nil, fmt.Errorf("the server in this process has ended: %w", net.ErrClosed)
}

// Accept implements net.Listener.
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; http.Server calls it once.
func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

// Addr implements net.Listener.
func (p *pipes) Addr() net.Addr { return piped{}.RemoteAddr() }

// piped has the form of a remote address that the server's identity stage
// reads; there is nobody to ask about it.
type piped struct{ net.Conn }

func (piped) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
