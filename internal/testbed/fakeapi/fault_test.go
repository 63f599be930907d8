// SPDX-License-Identifier: MIT

package fakeapi

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	s := start(t, Options{})
	s.AddDevices(20)
	// outcome describes what a client sees.
	outcome := func() string {
		req, err := http.NewRequestWithContext(t.Context(), "GET", s.URL()+"/api/v2/tailnet/-/devices", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+DefaultAPIKey)
		// A fresh connection: on a used one the client sends a GET that was cut
		// again by itself.
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
		if err != nil {
			return "no answer"
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		parts := []string{resp.Status, resp.Header.Get("Content-Type")}
		if after := resp.Header.Get("Retry-After"); after != "" {
			parts = append(parts, "after "+after)
		}
		switch whole := strings.HasSuffix(string(text), "]}"); {
		case errors.Is(err, io.ErrUnexpectedEOF):
			parts = append(parts, "cut")
		case err != nil:
			parts = append(parts, err.Error())
		case !whole && strings.HasPrefix(string(text), `{"devices"`):
			parts = append(parts, "half")
		case !whole:
			parts = append(parts, string(text))
		}
		return strings.TrimSpace(strings.Join(parts, " "))
	}
	const fine = "200 OK application/json"
	tests := []struct {
		name  string
		fault Fault
		want  string
	}{
		{"status", Status(412), `412 Precondition Failed application/json {"message":"precondition failed, invalid old hash"}`},
		{"rate limit", RateLimit(7 * time.Second), `429 Too Many Requests application/json after 7 {"message":"too many requests"}`},
		{"unavailable", Status(503).RetryAfter(2 * time.Second), `503 Service Unavailable application/json after 2 {"message":"service unavailable"}`},
		{"empty", Empty(500), `500 Internal Server Error`},
		{"redirect", Redirect("http://192.0.2.1/"), `307 Temporary Redirect`},
		{"slow", Slow(time.Millisecond), fine},
		{"cut", Cut(), "no answer"},
		{"truncated", Truncated(), fine + " cut"},
		{"truncated silently", TruncatedSilently(), fine + " half"},
		{"content type", ContentType("text/html"), "200 OK text/html"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s.ClearFaults()
			script := s.Fail("listTailnetDevices", test.fault.Times(1))
			s.Fail("getDevice", Status(500))
			if got := outcome(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if got := script.Hits(); got != 1 {
				t.Errorf("got %d hits, want 1", got)
			}
			if got := outcome(); got != fine {
				t.Errorf("once used up: got %q, want %q", got, fine)
			}
		})
	}
	t.Run("everything", func(t *testing.T) {
		s.ClearFaults()
		s.Fail("", HTML(502))
		for range 3 {
			if got := outcome(); !strings.HasPrefix(got, "502 Bad Gateway text/html; charset=utf-8 <!DOCTYPE html>") {
				t.Errorf("got %q, want a page", got)
			}
		}
	})
}

func TestHold(t *testing.T) {
	for _, end := range []string{"release", "close"} {
		t.Run(end, func(t *testing.T) {
			s := start(t, Options{})
			s.AddDevices(1)
			id := s.Devices()[0].NodeID
			fault, release := Hold()
			script := s.Fail("setDeviceName", fault.AfterEffect())
			done := make(chan struct{})
			go func() {
				defer close(done)
				req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL()+"/api/v2/device/"+id+"/name", strings.NewReader(`{"name":"held"}`))
				if err != nil {
					return
				}
				req.Header.Set("Authorization", "Bearer "+DefaultAPIKey)
				if resp, err := http.DefaultTransport.RoundTrip(req); err == nil {
					resp.Body.Close()
				}
			}()
			<-script.Reached()
			for s.Devices()[0].Name != "held.tailfe8c.ts.net" { // the effect comes first
				time.Sleep(time.Millisecond)
			}
			select {
			case <-done:
				t.Error("got an answer while it was held")
			default:
			}
			if end == "release" {
				release()
				release() // any number of times
			} else {
				s.Close()
			}
			<-done
		})
	}
}
