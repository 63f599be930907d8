// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// trap is the HTTP proxy of the nodes that share the machine's network. Whatever they ask of the world outside ends here
// and is remembered: a tailnet for tests must not talk to anybody.
type trap struct {
	server *http.Server
	url    string
	done   chan struct{}

	mu     sync.Mutex
	caught []string
}

func newTrap(ctx context.Context) (*trap, error) {
	var sockets net.ListenConfig
	ln, err := sockets.Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for the proxy: %w", err)
	}
	t := &trap{url: "http://" + ln.Addr().String(), done: make(chan struct{})}
	t.server = &http.Server{Handler: t, ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(t.done)
		_ = t.server.Serve(ln)
	}()
	return t, nil
}

func (t *trap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	t.caught = append(t.caught, r.Method+" "+r.Host)
	t.mu.Unlock()
	http.Error(w, "this tailnet has no way out", http.StatusForbidden)
}

// close stops the trap and reports what it caught.
func (t *trap) close() error {
	err := t.server.Close()
	<-t.done
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.caught) > 0 {
		return fmt.Errorf("a node tried to leave the machine: %q", t.caught)
	}
	return err
}
