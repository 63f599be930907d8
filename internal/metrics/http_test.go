// SPDX-License-Identifier: MIT

package metrics

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestHTTP(t *testing.T) {
	m := New("1.2.3")
	try := func(path string, ctx context.Context, h http.HandlerFunc) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		defer func() { _ = recover() }()
		m.HTTP(path, h).ServeHTTP(w, httptest.NewRequestWithContext(ctx, "POST", path, nil))
		return w
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	w := try("/mcp", t.Context(), func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTooManyRequests)
		w.WriteHeader(http.StatusOK) // too late
	})
	if w.Code != http.StatusTooManyRequests {
		t.Errorf("got status %d, want 429", w.Code)
	}
	w = try("/mcp", t.Context(), func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "text") })
	if w.Body.String() != "text" {
		t.Errorf("got %q, want text", w.Body)
	}
	w = try("/mcp", t.Context(), func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() })
	if !w.Flushed {
		t.Error("it was not flushed")
	}
	try("/mcp", t.Context(), func(http.ResponseWriter, *http.Request) {})
	try("/mcp", gone, func(http.ResponseWriter, *http.Request) {})
	try("/mcp", t.Context(), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	try("/healthz", t.Context(), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	try("/passwords", t.Context(), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	has(t, m,
		`tailscale_mcp_http_requests_total{path="/mcp",status="4xx"} 1`,
		`tailscale_mcp_http_requests_total{path="/mcp",status="2xx"} 3`,
		`tailscale_mcp_http_requests_total{path="/mcp",status="none"} 2`,
		`tailscale_mcp_http_requests_total{path="/healthz",status="5xx"} 1`,
		`tailscale_mcp_http_requests_total{path="other",status="4xx"} 1`,
		`tailscale_mcp_http_request_duration_seconds_count{path="/mcp"} 6`,
	)
}

// TestServer: before a real connection, deadlines pass through, and so does
// what comes before an answer.
func TestServer(t *testing.T) {
	m := New("1.2.3")
	s := httptest.NewServer(m.HTTP("/mcp", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Error(err)
		}
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTooManyRequests)
	})))
	r, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	s.Close() // when the handler has returned
	if r.StatusCode != http.StatusTooManyRequests {
		t.Errorf("got status %d, want 429", r.StatusCode)
	}
	has(t, m, `tailscale_mcp_http_requests_total{path="/mcp",status="4xx"} 1`)
}

func TestLimited(t *testing.T) {
	m := New("1.2.3")
	has(t, m, `tailscale_mcp_limited_total{limit="idle"} 0`)
	m.Limited("idle")
	m.Limited("something else")
	has(t, m, `tailscale_mcp_limited_total{limit="idle"} 1`, `tailscale_mcp_limited_total{limit="other"} 1`)
}
