// SPDX-License-Identifier: MIT

package endpoint

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"tailscale-mcp/internal/proxy/route"
)

// TestNotifyOpenStream: a server that opens a stream for what has no answer has taken it.
// What the client sends next would wait until that stream ends.
func TestNotifyOpenStream(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	e := &Endpoint{URL: u, Router: route.New(t.Context(), route.Config{Server: u, Log: slog.New(slog.DiscardHandler)})}
	defer e.Router.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	code, err := e.Notify(ctx, http.MethodPost, make(http.Header, 8), []byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`))
	if err != nil || code != http.StatusOK {
		t.Errorf("got HTTP %d and %v", code, err)
	}
	if ctx.Err() != nil {
		t.Error("it waited for the end of the stream")
	}
}
