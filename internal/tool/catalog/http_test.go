// SPDX-License-Identifier: MIT

package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/mcpserver"
	"tailscale-mcp/internal/testbed/tooltest"
)

// serve serves the rig on loopback to alice, who may use everything and dials from
// 127.0.0.2, and to bob, who may use nothing and dials from 127.0.0.3.
func (r *rig) serve() (alice, bob *client.Client) {
	r.Helper()
	people := map[string]caller.Caller{
		"127.0.0.2": by(r, "alice@example.com", mayAll),
		"127.0.0.3": by(r, "bob@example.com", ""),
	}
	log := slog.New(slog.DiscardHandler)
	server := mcpserver.New(mcpserver.Options{Dispatcher: r.dispatcher, Version: "test", Log: log})
	way := front.New(front.Options{
		Resolve: func(_ context.Context, remote netip.AddrPort) (caller.Caller, error) {
			c, ok := people[remote.Addr().String()]
			if !ok {
				return c, errors.New("nobody dials from there")
			}
			c.Addr = remote
			return c, nil
		},
		Names:  func() []string { return []string{"127.0.0.1"} },
		Health: func() string { return "up" },
		Limits: front.Limits{Connections: -1, Calls: -1, Streams: -1, Rate: -1},
		Log:    log,
	})
	way.Handle(mcpserver.Path, server.Serve)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.Fatal(err)
	}
	web := way.HTTPServer()
	go func() { _ = web.Serve(listener) }()
	r.Cleanup(func() {
		server.Drain()
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := web.Shutdown(ctx); err != nil {
			r.Errorf("the server did not stop: %v", err)
		}
	})
	url := "http://" + listener.Addr().String() + mcpserver.Path
	return r.dial(url, "127.0.0.2"), r.dial(url, "127.0.0.3")
}

func (r *rig) dial(url, from string) *client.Client {
	r.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	web := &http.Transport{DialContext: dialer.DialContext}
	c, err := client.NewStreamableHttpClient(url, transport.WithHTTPBasicClient(&http.Client{Transport: web}))
	if err != nil {
		r.Fatal(err)
	}
	if err := c.Start(r.Context()); err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() { _ = c.Close(); web.CloseIdleConnections() })
	var hello mcp.InitializeRequest
	hello.Params.ProtocolVersion = "2025-11-25"
	hello.Params.ClientInfo = mcp.Implementation{Name: "stack", Version: "1"}
	if _, err := c.Initialize(r.Context(), hello); err != nil {
		r.Fatal(err)
	}
	return c
}

// overHTTP calls a tool and returns its text and whether that is an error.
func (r *rig) overHTTP(c *client.Client, name, arguments string) (text string, isError bool) {
	r.Helper()
	text, err := tooltest.Confirmed(arguments, func(arguments string) (string, error) {
		text, isError := r.send(c, name, arguments)
		if isError {
			return text, errors.New(text)
		}
		return text, nil
	})
	return text, err != nil
}

func (r *rig) send(c *client.Client, name, arguments string) (text string, isError bool) {
	r.Helper()
	var q mcp.CallToolRequest
	q.Params.Name, q.Params.Arguments = name, json.RawMessage(arguments)
	result, err := c.CallTool(r.Context(), q)
	if err != nil {
		r.Fatalf("%s: %v", name, err)
	}
	if len(result.Content) != 1 {
		r.Fatalf("%s: got %+v, want one text", name, result.Content)
	}
	content, ok := result.Content[0].(mcp.TextContent)
	if !ok {
		r.Fatalf("%s: got %T, want a text", name, result.Content[0])
	}
	if (result.StructuredContent == nil) != result.IsError {
		r.Errorf("%s: error %t, structured content %v", name, result.IsError, result.StructuredContent)
	}
	return content.Text, result.IsError
}

// wants is a call whose text begins so; an error where it begins with a code.
func (r *rig) wants(c *client.Client, name, arguments, prefix string, isError bool, parts ...string) {
	r.Helper()
	text, failed := r.overHTTP(c, name, arguments)
	if failed != isError || !strings.HasPrefix(text, prefix) {
		r.Errorf("%s %s: got %.300s, error %t; want %s, error %t", name, arguments, text, failed, prefix, isError)
	}
	for _, part := range parts {
		if !strings.Contains(text, part) {
			r.Errorf("%s %s: got %.600s, want %q in it", name, arguments, text, part)
		}
	}
}
