// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	mcpgo "github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/identity"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/testbed"
	"tailscale-mcp/internal/testbed/load"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

const capability = "jaxxstorm.com/cap/mcp"

// stackRows compares the stack with a plain handler that knows its caller just
// as well, and with mcp-go alone, which knows nobody.
func stackRows(ctx context.Context, server, alice *testbed.Node, each time.Duration) error {
	call := func(revision string) load.Request { return load.Call(revision, "get_echo", `{"text":"hello"}`) }
	fmt.Println("One call of a trivial tool. In flight: 1 and 32. The last column is p50 against the floor of the same line's WhoIs.")
	fmt.Println()
	fmt.Printf("%-44s %12s %12s %12s %12s %8s\n", "", "p50 at 1", "calls/s at 1", "p50 at 32", "calls/s at 32", "ratio")
	for _, kept := range []struct {
		what string
		age  time.Duration
	}{{"WhoIs for every request", -1}, {"WhoIs coalesced, kept 1 s", time.Second}} {
		resolver := resolver(server, kept.age)
		floor, err := serveAndLoad(ctx, plain(resolver), alice, call(load.Modern), each)
		if err != nil {
			return err
		}
		floor.print("net/http, "+kept.what, 0)
		for _, revision := range []string{load.Legacy, load.Modern} {
			row, err := serveAndLoad(ctx, stack(resolver), alice, call(revision), each)
			if err != nil {
				return err
			}
			row.print("full stack "+revision+", "+kept.what, floor.one.P50)
		}
	}
	for _, revision := range []string{load.Legacy, load.Modern} {
		row, err := serveAndLoad(ctx, bare(), alice, call(revision), each)
		if err != nil {
			return err
		}
		row.print("mcp-go alone "+revision+", no WhoIs", 0)
	}
	return nil
}

func resolver(server *testbed.Node, maxAge time.Duration) *identity.Resolver {
	return identity.New(identity.Options{
		Tailscaled: server.LocalClient(), Capability: capability, MaxAge: maxAge, Log: slog.New(slog.DiscardHandler),
		Self: func() (string, bool) { return server.StableID(), true },
	})
}

// plain reads the body, asks who calls, and answers.
func plain(r *identity.Resolver) *http.Server {
	return &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		remote, _ := netip.ParseAddrPort(req.RemoteAddr)
		if _, err := r.Resolve(req.Context(), remote); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"text\":\"hello\"}"}]}}`)
	}), ReadHeaderTimeout: time.Minute}
}

// stack is all that a request to the daemon passes behind its listener, with a
// trivial tool; audit records are made and thrown away.
func stack(r *identity.Resolver) *http.Server {
	return served(r, tool.NewRegistry(grant.Classes(), tooltest.New().Set(), tool.WhoAmI()))
}

func served(r *identity.Resolver, registry *gate.Registry) *http.Server {
	log := slog.New(slog.DiscardHandler)
	s := mcpserver.New(mcpserver.Options{
		Dispatcher: gate.NewDispatcher(gate.Options{
			Registry: registry, Audit: audit.NewJSONLines(io.Discard), Log: slog.New(slog.DiscardHandler),
			Capability: capability, Host: func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
		}),
		Version: "bench",
		Log:     log,
	})
	f := front.New(front.Options{
		Resolve: r.Resolve,
		Names:   func() []string { return []string{"127.0.0.1"} },
		Health:  func() string { return "up" },
		// Each request is counted as in production; the numbers are such that a
		// load made of one caller's requests is not refused.
		Limits:  front.Limits{Connections: 1 << 20, Calls: 1 << 20, Streams: 1 << 20, Rate: 1 << 24},
		Refused: s.Refused,
		Log:     log,
	})
	f.Handle(mcpserver.Path, s.Serve)
	return f.HTTPServer()
}

// bare is mcp-go with the same tool and nothing around it.
func bare() *http.Server {
	m := mcpgo.NewMCPServer("bare", "1")
	m.AddTool(mcp.NewTool("get_echo", mcp.WithString("text")), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(r.GetString("text", "")), nil
	})
	h := mcpgo.NewStreamableHTTPServer(m, mcpgo.WithStateLess(true), mcpgo.WithDisableStreaming(true))
	return &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
}

// from makes connections look as if they came from a peer's address.
type from struct {
	net.Listener
	peer netip.Addr
}

func (l from) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	port := c.RemoteAddr().(*net.TCPAddr).Port
	return peerConn{c, net.TCPAddrFromAddrPort(netip.AddrPortFrom(l.peer, uint16(port)))}, nil
}

type peerConn struct {
	net.Conn
	remote net.Addr
}

func (c peerConn) RemoteAddr() net.Addr { return c.remote }
