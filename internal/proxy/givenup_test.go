// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"errors"
	"log/slog"
	"testing"
)

// TestPX26GivenUp: a process that ends while tailscaled is being asked has
// nothing to say about it.
func TestPX26GivenUp(t *testing.T) {
	ts := startTailscaled(t)
	ts.mu.Lock()
	ts.silent = make(chan struct{})
	ts.mu.Unlock()
	defer close(ts.silent)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := running(ctx, ts.client()); !errors.Is(err, errGivenUp) {
		t.Errorf("got %v, want that the question was given up", err)
	}

	var log syncBuffer
	r := newRouter(ctx, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: ts.client(), Log: slog.New(slog.NewTextHandler(&log, nil))}.withDefaults())
	r.pick()
	if log.String() != "" {
		t.Errorf("got log %s, want nothing", log.String())
	}
}
