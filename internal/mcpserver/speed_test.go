// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

// keptFor keeps the answer about one connection at a time, as package identity does.
func keptFor(d time.Duration, resolve func(context.Context, netip.AddrPort) (caller.Caller, error)) func(context.Context, netip.AddrPort) (caller.Caller, error) {
	var c caller.Caller
	var at time.Time
	return func(ctx context.Context, remote netip.AddrPort) (caller.Caller, error) {
		if c.Addr == remote && time.Since(at) < d {
			return c, nil
		}
		var err error
		c, err = resolve(ctx, remote)
		at = time.Now()
		return c, err
	}
}

// BenchmarkRequest is one request over one connection, with records, limits and an
// identity that is kept as in the daemon, and beside it a handler of net/http and bare
// mcp-go.
func BenchmarkRequest(b *testing.B) {
	s := newBench(b, func(o *setup) {
		o.front.Limits = front.Limits{Connections: 1 << 20, Calls: 1 << 20, Streams: 1 << 20, Rate: 1 << 24}
		o.front.Resolve = keptFor(time.Second, o.front.Resolve)
	})
	s.grant("alice@example.com", `{"tools":["*"]}`)
	s.Server.o.Dispatcher = gate.NewDispatcher(gate.Options{
		Registry: tool.NewRegistry(grant.Classes(), tooltest.New().Set(), tool.WhoAmI()), Audit: audit.NewJSONLines(io.Discard),
		Log: s.Server.o.Log, Capability: "jaxxstorm.com/cap/mcp", Host: func() gate.Host { return gate.Host{} },
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	plain := &http.Server{ReadHeaderTimeout: patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":1,"result":{"content":[{"type":"text","text":"{\"text\":\"hello\"}"}]}}`)
	})}
	go func() { _ = plain.Serve(l) }()
	defer plain.Close()
	m := server.NewMCPServer("bare", "1")
	m.AddTool(mcp.NewTool("get_echo", mcp.WithString("text")), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(r.GetString("text", "")), nil
	})
	bl, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	bare := &http.Server{Handler: server.NewStreamableHTTPServer(m, server.WithStateLess(true), server.WithDisableStreaming(true)), ReadHeaderTimeout: patience}
	go func() { _ = bare.Serve(bl) }()
	defer bare.Close()
	meta := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}`
	call := func(more string) string {
		return `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_echo","arguments":{"text":"hello"}` + more + `}}`
	}
	for _, c := range []struct{ name, addr, revision, headers, body string }{
		{"handler", l.Addr().String(), legacy, "", call("")},
		{"bare/legacy", bl.Addr().String(), legacy, "", call("")},
		{"bare/modern", bl.Addr().String(), modern, "Mcp-Method: tools/call\r\nMcp-Name: get_echo\r\n", call("," + meta)},
		{"call/legacy", s.addr, legacy, "", call("")},
		{"call/modern", s.addr, modern, "Mcp-Method: tools/call\r\nMcp-Name: get_echo\r\n", call("," + meta)},
		{"list/legacy", s.addr, legacy, "", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}`},
		{"list/modern", s.addr, modern, "Mcp-Method: tools/list\r\n", `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{` + meta + `}}`},
	} {
		b.Run(c.name, func(b *testing.B) {
			d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP("127.0.0.2")}}
			conn, err := d.Dial("tcp", c.addr)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			request := fmt.Sprintf("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: %d\r\nAccept: application/json, text/event-stream\r\n"+
				"Content-Type: application/json\r\nMcp-Protocol-Version: %s\r\n%s\r\n%s", len(c.body), c.revision, c.headers, c.body)
			in := bufio.NewReader(conn)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = io.WriteString(conn, request)
				r, err := http.ReadResponse(in, nil)
				if err != nil || r.StatusCode != http.StatusOK {
					b.Fatal(r, err)
				}
				_, _ = io.Copy(io.Discard, r.Body)
			}
		})
	}
}
