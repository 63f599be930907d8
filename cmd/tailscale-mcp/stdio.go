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

	"github.com/spf13/cobra"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/cli"
	"tailscale-mcp/internal/config"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/proxy"
	"tailscale-mcp/internal/tool/catalog"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/version"
)

// stdioHost is the name that the relay addresses the server in this process by.
const stdioHost = "stdio"

func stdioCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "stdio",
		Short: "serve the same tools on standard input and output, for the person who holds the credential; its audit is below ~/.local/state",
		RunE:  func(c *cobra.Command, _ []string) error { return runStdio(c.Context(), s) },
	}
}

// runStdio serves the person who started the program and therefore holds the
// credential: no peer to identify and no grant to read, but the ceiling holds.
// It is the whole daemon behind the whole proxy, with a connection in memory
// between them, so that nothing can behave otherwise here than there.
func runStdio(ctx context.Context, s streams) error {
	cfg, err := config.Load(catalog.Groups()...)
	if err != nil {
		return err
	}
	// Standard output belongs to the protocol.
	log := slog.New(slog.NewTextHandler(s.err, &slog.HandlerOptions{Level: max(cfg.LogLevel, slog.LevelWarn)}))
	api, err := newAPI(cfg, log, func(o *tsapi.Options) { o.CallerRate = -1 })
	if err != nil {
		return cli.Hint(err, "correct the credential in "+config.File)
	}
	if cfg.AuditFile == "" {
		cfg.AuditFile = personsAudit()
	}
	offers := offer(cfg)
	if offers.notice != "" {
		log.Warn("configuration", "warning", offers.notice)
	}
	lose := func(e audit.Event) { log.Error("audit record lost", "event", e) }
	// What standard error does not take cannot be said there either.
	trail := openTrail(cfg, s.err, losses{file: lose, journal: func(audit.Event) {}}, log)
	defer closeTrail(trail, log)
	operator := caller.Operator(operatorName())
	mcp := mcpserver.New(mcpserver.Options{
		Dispatcher: gate.NewDispatcher(gate.Options{
			Registry: catalog.New(catalog.Options{
				Local: localClient(cfg), API: api, Ceiling: offers.ceiling, Unaudited: offers.unaudited, Groups: cfg.Groups,
				Capability: cfg.Capability, Version: version.String(),
			}),
			Audit:      trail,
			Digest:     trail.Digest,
			Notice:     offers.notice,
			Log:        log,
			Capability: cfg.Capability,
			Host:       func() gate.Host { return gate.Host{Name: stdioHost, Port: cfg.Port} },
			AskPerson:  cfg.ConfirmByPerson,
		}),
		Groups:  catalog.Groups(),
		Version: version.String(),
		Log:     log,
	})
	way := front.New(front.Options{
		Resolve: func(context.Context, netip.AddrPort) (caller.Caller, error) { return operator, nil },
		Names:   func() []string { return []string{stdioHost} },
		Health:  func() string { return "up" },
		Limits:  front.Limits{Connections: -1, Calls: -1, Streams: -1, Rate: -1}, // there is nobody to share with
		Log:     log,
	})
	way.Handle(mcpserver.Path, mcp.Serve)
	memory := newPipes()
	h := way.HTTPServer()
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
