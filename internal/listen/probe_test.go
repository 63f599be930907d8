// SPDX-License-Identifier: MIT

package listen

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"testing"
	"time"
)

// probed is a listener served by handler.
func probed(t *testing.T, cfg Config, timing timing, handler http.HandlerFunc) (*Listener, *http.Server) {
	t.Helper()
	if cfg.Tailscaled == nil {
		cfg.Tailscaled = newTailscaled(t, up("127.0.0.2")).start().client()
	}
	cfg.Log = slog.New(slog.DiscardHandler)
	l, err := open(cfg, timing)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() { defer close(done); server.Serve(l) }()
	t.Cleanup(func() { server.Close(); l.Close(); <-done })
	return l, server
}

func TestProbe(t *testing.T) {
	type seen struct{ path, remote, host string }
	requests := make(chan seen, 10)
	l, _ := probed(t, Config{}, patient, func(w http.ResponseWriter, r *http.Request) {
		requests <- seen{r.URL.Path, r.RemoteAddr, r.Host}
		w.WriteHeader(http.StatusServiceUnavailable) // waiting for tailscaled is alive too
	})
	for range 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		err := l.Probe(ctx)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if got, want := <-requests, (seen{"/healthz", ProbeAddr, "localhost"}); got != want {
			t.Errorf("got request %+v, want %+v", got, want)
		}
	}
	if _, err := netip.ParseAddrPort(ProbeAddr); err == nil {
		t.Error("the probe's address could be taken for a caller's")
	}
}

func TestProbeWhileTailscaledIsAway(t *testing.T) {
	l, _ := probed(t, Config{Tailscaled: newTailscaled(t, up()).client()}, patient, func(http.ResponseWriter, *http.Request) {})
	if err := l.Probe(t.Context()); err != nil {
		t.Errorf("got %v: a restart of this service would not bring tailscaled back", err)
	}
}

func TestProbeFindsAHungServer(t *testing.T) {
	t.Run("handler", func(t *testing.T) {
		release := make(chan struct{})
		l, _ := probed(t, Config{}, patient, func(http.ResponseWriter, *http.Request) { <-release })
		t.Cleanup(func() { close(release) })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := l.Probe(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline exceeded", err)
		}
	})
	t.Run("accept loop", func(t *testing.T) {
		l, err := Open(Config{Tailscaled: newTailscaled(t, up()).client(), Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := l.Probe(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline exceeded", err)
		}
	})
	t.Run("server hangs up", func(t *testing.T) {
		l, _ := probed(t, Config{}, patient, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		if err := l.Probe(t.Context()); err == nil {
			t.Error("got nil for a server that gives no answer")
		}
	})
	t.Run("follower", func(t *testing.T) {
		timing := patient
		timing.stall, timing.poll = 200*time.Millisecond, 10*time.Millisecond
		stuck, release := make(chan struct{}), make(chan struct{})
		l, _ := probed(t, Config{OnChange: func(State) { close(stuck); <-release }}, timing, func(http.ResponseWriter, *http.Request) {})
		<-stuck
		eventually(t, "the follower to be found stuck", func() bool { return errors.Is(l.Probe(t.Context()), errStalled) })
		close(release)
		eventually(t, "the follower to be forgiven", func() bool { return l.Probe(t.Context()) == nil })
	})
	t.Run("closed", func(t *testing.T) {
		l, server := probed(t, Config{}, patient, func(http.ResponseWriter, *http.Request) {})
		server.Close()
		if err := l.Probe(t.Context()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want net.ErrClosed", err)
		}
	})
}
