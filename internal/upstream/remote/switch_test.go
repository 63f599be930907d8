// SPDX-License-Identifier: MIT

package remote_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/elsewhere"
	"tailscale-mcp/internal/upstream/process"
)

// TestSwitching: a server that wants to speak another protocol, and says nothing in it, holds up
// no request and no connection: net/http no longer ends those with their request.
func TestSwitching(t *testing.T) {
	over := make(chan struct{}, 10)
	far := &elsewhere.Server{Legacy: true}
	far.Before = func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
		if m.Params.Name != "switch" && m.Method != "notifications/cancelled" {
			return false
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return true
		}
		fmt.Fprint(buffered, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: other\r\n\r\n")
		_ = buffered.Flush()
		go func() {
			_, _ = conn.Read(make([]byte, 1)) // until the gateway hangs up
			_ = conn.Close()
			over <- struct{}{}
		}()
		return true
	}
	p := mustOpen(t, far, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	_, err := call(ctx, p, "switch")
	var u *process.Unanswered
	if !errors.As(err, &u) || !strings.Contains(err.Error(), "101") {
		t.Errorf("got %v", err)
	}
	select {
	case <-over:
	case <-time.After(20 * time.Second):
		t.Error("the connection is still there")
	}
}
