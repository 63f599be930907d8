// SPDX-License-Identifier: MIT

package transport

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/proxy/endpoint"
	"tailscale-mcp/internal/proxy/route"
)

// TestAnsweredAndBroken: an answer that has come is the answer, whatever becomes of the
// POST in the same moment.
func TestAnsweredAndBroken(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n")
	}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	at := &endpoint.Endpoint{URL: u, Router: route.New(t.Context(), route.Config{Server: u, Log: log})}
	defer at.Router.Close()
	// The POST is over when the answer is looked for, so that both are there.
	c := New(t.Context(), at, Options{MaxMessage: 1 << 20, Go: func(f func()) { f() }, Log: log})
	s := &stream{client: c, ctx: t.Context(), at: at, ended: make(chan struct{}), waiting: map[string]*waiter{}}
	s.rest.changed = make(chan struct{})
	msg := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		t.Fatal(err)
	}
	for range 30 { // which of the two is taken could be chance
		resp, err := s.ask(t.Context(), &e, make(http.Header, 8), msg)
		if err != nil {
			t.Fatalf("got error %v, want the answer", err)
		}
		if !succeeded(resp) {
			t.Fatalf("got HTTP %d, want the answer", resp.StatusCode)
		}
	}
}
