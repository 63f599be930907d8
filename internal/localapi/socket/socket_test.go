// SPDX-License-Identifier: MIT

package socket

import (
	"context"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"

	"tailscale.com/client/local"
)

// TestBounds: a client for dials asks although as many questions as another client may
// have at once are without an answer.
func TestBounds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		client func(string) *local.Client
		asked  int // of 80 at once
	}{
		{"tools", ClientForTools, 16},
		{"daemon", Client, 64},
		{"dials", ClientForDials, 80},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			l, err := new(net.ListenConfig).Listen(t.Context(), "unix", path)
			if err != nil {
				t.Fatal(err)
			}
			asked := make(chan struct{}, 80)
			server := &http.Server{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				asked <- struct{}{}
				<-r.Context().Done()
			})}
			var work sync.WaitGroup
			work.Go(func() { _ = server.Serve(l) })
			ctx, cancel := context.WithCancel(t.Context())
			lc := tt.client(path)
			for range 80 {
				work.Go(func() { _, _ = lc.StatusWithoutPeers(ctx) })
			}
			for range tt.asked {
				<-asked
			}
			if n := len(asked); n > 0 { // none has been answered yet
				t.Errorf("got %d questions more than %d", n, tt.asked)
			}
			cancel()
			_ = server.Close()
			work.Wait()
		})
	}
}
