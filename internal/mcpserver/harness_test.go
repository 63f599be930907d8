// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/front"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/identity"
	"tailscale-mcp/internal/testbed/tooltest"
	"tailscale-mcp/internal/tool"
)

const (
	legacy = "2025-11-25"
	modern = "2026-07-28"
)

// bench is a server on loopback whose callers are told apart by the address
// they dial from: the real HTTP stack, with identity's answers in our hands.
type bench struct {
	*Server
	front *front.Front
	tools *tooltest.Tools
	audit *tooltest.Log
	log   lines // what the server logs from Info up
	addr  string

	mu     sync.Mutex
	grants map[string][]string // by login
	gone   error               // what Resolve answers instead, when not nil
	now    map[string]string   // who has another's address now
	asked  int                 // how often Resolve was
}

// lines is a log to look into.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// people are the callers, by the address they dial from.
var people = map[string]string{"127.0.0.2": "alice@example.com", "127.0.0.3": "bob@example.com"}

// behind is the name of a server behind the gate.
const behind = "elsewhere"

// setup is what a test may want otherwise.
type setup struct {
	Options
	front   front.Options
	ceiling []grant.Class
	// behind is what a server behind the gate offers. When there is something, it is
	// served in place of our own.
	behind gate.Offer
	// withheld is what our own offer lacks, and why.
	withheld []gate.Withheld
	// header is how long a header may take to arrive. The daemon's 5 s may be
	// too short for hundreds of clients and their server on a busy machine.
	header time.Duration
}

func newBench(t testing.TB, adjust ...func(*setup)) *bench {
	t.Helper()
	// The last of the cleanups: nothing that this bench started may be left.
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })

	b := &bench{tools: tooltest.New(), audit: &tooltest.Log{}, grants: map[string][]string{}}
	log := slog.New(slog.NewTextHandler(&b.log, &slog.HandlerOptions{Level: slog.LevelInfo}))
	o := setup{
		Options: Options{
			Version:   "test",
			Log:       log,
			Recheck:   20 * time.Millisecond,
			KeepAlive: 20 * time.Millisecond,
		},
		front: front.Options{
			Resolve: b.resolve,
			Names:   func() []string { return []string{"127.0.0.1", "mcp.example.ts.net", "fd7a:115c:a1e0::1"} },
			Health:  func() string { return "up" },
			Limits:  front.Limits{Connections: -1, Calls: -1, Streams: -1, Rate: -1},
			Log:     log,
			Recheck: 10 * time.Millisecond,
			Refused: func(r *http.Request, c caller.Caller, reason string) { b.Refused(r, c, reason) },
		},
		ceiling: grant.Classes(),
		header:  patience,
	}
	for _, f := range adjust {
		f(&o)
	}
	o.Dispatcher = gate.NewDispatcher(gate.Options{
		Registry:   tool.NewRegistry(o.ceiling, b.tools.Set(), tool.WhoAmI(), tool.Set{Withheld: o.withheld}),
		Audit:      b.audit,
		Log:        log,
		Capability: "jaxxstorm.com/cap/mcp",
		Host:       func() gate.Host { return gate.Host{Name: "tag:mcp", Port: 8080} },
	})
	if len(o.behind.Tools) > 0 {
		if left := o.Dispatcher.Registry().Set(behind, o.ceiling, o.behind); len(left) > 0 {
			t.Fatal(left)
		}
		o.Dispatcher = o.Dispatcher.Of(behind)
	}
	b.Server = New(o.Options)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.addr = l.Addr().String()
	b.front = front.New(o.front)
	b.front.Handle(Path, b.Serve)
	srv := b.front.HTTPServer()
	srv.ReadHeaderTimeout = o.header
	go srv.Serve(l)
	t.Cleanup(func() {
		b.Drain()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			t.Errorf("server did not stop: %v", err)
		}
	})
	return b
}

func (b *bench) resolve(ctx context.Context, remote netip.AddrPort) (caller.Caller, error) {
	login := people[remote.Addr().String()]
	if login == "" {
		return caller.Caller{Addr: remote}, identity.ErrUnknown
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	if ctx.Err() != nil {
		return caller.Caller{Addr: remote}, ctx.Err()
	}
	if b.gone != nil {
		return caller.Caller{Addr: remote}, b.gone
	}
	if other := b.now[login]; other != "" {
		login = other
	}
	c := caller.Caller{Login: login, Node: login[:strings.IndexByte(login, '@')] + "-laptop", NodeID: "n" + login, Addr: remote}
	rules, err := grant.Parse(b.grants[login])
	c.Rules = rules
	if err != nil {
		return c, fmt.Errorf("%w: %w", identity.ErrMalformedGrant, err)
	}
	return c, nil
}

// grant replaces what a person is granted.
func (b *bench) grant(login string, entries ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.grants[login] = entries
}

// vanish makes tailscaled's answer about everybody err; nil ends that.
func (b *bench) vanish(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.gone = err
}

// rename gives one person's address to another.
func (b *bench) rename(login, other string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = map[string]string{login: other}
}

// resolved is how often somebody was identified.
func (b *bench) resolved() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked
}

// patience bounds whatever a test waits for.
const patience = 60 * time.Second

// arrive waits until a call is at the gate.
func (b *bench) arrive(t testing.TB, gate string) {
	t.Helper()
	receive(t, "a call at the gate "+gate, b.tools.Arrived(gate))
}

func receive[T any](t testing.TB, what string, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("waited in vain for %s", what)
		panic("not reached")
	}
}

// await waits until a condition holds.
func await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
