// SPDX-License-Identifier: MIT

package identity

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn/ipnstate"
)

const capability = "jaxxstorm.com/cap/mcp"

// tailscaled answers the two questions of the LocalAPI on a unix socket.
type tailscaled struct {
	mu     sync.Mutex
	whois  http.HandlerFunc
	state  string // BackendState; empty fails the question
	asked  []string
	client *local.Client
	stop   func()
}

// startTailscaled runs one that is on a tailnet and knows nobody.
func startTailscaled(t *testing.T) *tailscaled {
	t.Helper()
	f := &tailscaled{whois: unknownPeer, state: "Running"}
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /localapi/v0/whois", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked = append(f.asked, r.FormValue("proto")+" "+r.FormValue("addr"))
		answer := f.whois
		f.mu.Unlock()
		answer(w, r)
	})
	mux.HandleFunc("GET /localapi/v0/status", func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		state := f.state
		f.mu.Unlock()
		if state == "" {
			http.Error(w, "no status", http.StatusInternalServerError)
			return
		}
		fmt.Fprintf(w, `{"BackendState":%q,"Self":{"ID":"nServer"}}`, state)
	})
	server := &http.Server{Handler: mux}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener)
	}()
	f.stop = sync.OnceFunc(func() {
		_ = server.Close()
		<-ended
	})
	t.Cleanup(f.stop)
	f.client = &local.Client{
		Socket: path, UseSocketOnly: true,
		// The client's own dialer tries again for seconds and then runs
		// systemctl for a hint, for any error of type *net.OpError.
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			conn, err := d.DialContext(ctx, "unix", path)
			if err != nil {
				return nil, fmt.Errorf("dialing tailscaled: %w", err)
			}
			return conn, nil
		},
	}
	return f
}

func unknownPeer(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "no match for IP:port", http.StatusNotFound)
}

// answers sets how it answers whois.
func (f *tailscaled) answers(whois http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.whois = whois
}

// knows answers whois with text, whoever is asked about.
func (f *tailscaled) knows(text string) {
	f.answers(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, text)
	})
}

// is sets the state that it reports.
func (f *tailscaled) is(state string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state = state
}

func (f *tailscaled) questions() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.asked)
}

// resolver is a Resolver on node nServer that keeps no answers, and what it logs.
func resolver(asked Tailscaled, change ...func(*Options)) (*Resolver, *bytes.Buffer) {
	var log bytes.Buffer
	o := Options{
		Tailscaled: asked,
		Capability: capability,
		Self:       func() (string, bool) { return "nServer", true },
		Log:        slog.New(slog.NewTextHandler(&log, nil)),
		MaxAge:     -1,
	}
	for _, c := range change {
		c(&o)
	}
	r := New(o)
	if _, ok := asked.(*local.Client); ok {
		r.timeout = time.Minute // a slow host may need two seconds for an answer over a socket
	}
	return r, &log
}

// stub is a tailscaled without a socket, for tests in which time stands still.
type stub struct {
	whoIs func(ctx context.Context, addr string) (*apitype.WhoIsResponse, error)
	state string
}

func (s stub) WhoIsProto(ctx context.Context, _, addr string) (*apitype.WhoIsResponse, error) {
	return s.whoIs(ctx, addr)
}

func (s stub) StatusWithoutPeers(context.Context) (*ipnstate.Status, error) {
	return &ipnstate.Status{BackendState: s.state, Self: &ipnstate.PeerStatus{ID: "nServer"}}, nil
}
