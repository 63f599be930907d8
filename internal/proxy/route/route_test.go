// SPDX-License-Identifier: MIT

package route

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"testing"
	"testing/synctest"
	"time"

	"tailscale.com/client/local"

	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed/fakelocal"
)

// TestPX26GivenUp: a process that ends while tailscaled is being asked has
// nothing to say about it.
func TestPX26GivenUp(t *testing.T) {
	ts := fakelocal.Start(t)
	ts.Mu.Lock()
	ts.Silent = make(chan struct{})
	ts.Mu.Unlock()
	defer close(ts.Silent)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := running(ctx, socket.ClientForDials(ts.Socket)); !errors.Is(err, errGivenUp) {
		t.Errorf("got %v, want that the question was given up", err)
	}

	var log bytes.Buffer
	r := New(ctx, Config{Server: parsed(t, "http://ts-mcp:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket), Log: slog.New(slog.NewTextHandler(&log, nil))})
	r.Pick()
	if log.String() != "" {
		t.Errorf("got log %s, want nothing", log.String())
	}
}

// The background refresh runs on time.
func TestPX25RefreshedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		asked := make(chan time.Time, 10)
		lc := &local.Client{Dial: func(context.Context, string, string) (net.Conn, error) {
			asked <- time.Now()
			return nil, errors.New("not here")
		}}
		r := New(ctx, Config{Server: parsed(t, "http://ts-mcp:8080/mcp"), Tailscaled: lc, Log: slog.New(slog.DiscardHandler)})
		done := make(chan struct{})
		go func() { r.Keep(); close(done) }()
		first := <-asked
		for range 3 {
			next := <-asked
			if d := next.Sub(first); d > time.Minute {
				t.Errorf("asked again after %v, want a minute at most", d)
			}
			first = next
		}
		cancel()
		<-done
	})
}

func parsed(t *testing.T, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
