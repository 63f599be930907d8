// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"
)

// system stands in for the operating system's names and routes: every
// connection ends at one listener, and says where it wanted to go.
type system struct {
	to string

	mu     sync.Mutex
	names  map[string][]netip.Addr
	dialed []string
	mute   bool // the resolver answers nothing
}

func (s *system) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if s.mute {
		<-ctx.Done()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if addrs, ok := s.names[host]; ok {
		return slices.Clone(addrs), nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
}

func (s *system) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	s.mu.Lock()
	s.dialed = append(s.dialed, addr)
	s.mu.Unlock()
	if host, _, _ := net.SplitHostPort(addr); net.ParseIP(host) == nil && s.names[host] == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: &net.DNSError{Err: "no such host", Name: host}}
	}
	var d net.Dialer
	return d.DialContext(ctx, network, s.to)
}

func (s *system) dials() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.dialed)
}

func (s *system) use(r *relay) {
	r.up.router.resolve, r.up.router.dial = s.resolve, s.dial
}

// identityIn is the identity a server sees in a request.
func identityIn(h http.Header) map[string]string {
	got := map[string]string{}
	for name := range h {
		if strings.HasPrefix(name, "X-Tailscale-") {
			got[name] = strings.Join(h.Values(name), "|")
		}
	}
	return got
}

const (
	nobody = "map[]"
	alice  = "map[X-Tailscale-Node:laptop.tail1.ts.net X-Tailscale-User:alice@example.com]"
)

// TestPX26Routes is who may see the identity, and how the server is reached.
func TestPX26Routes(t *testing.T) {
	lan := netip.MustParseAddr("192.0.2.9")
	tests := []struct {
		name, url string
		names     map[string][]netip.Addr // the system's
		change    func(*ipnstate.Status)
		identity  string
		dialed    []string // by the system
		through   []string // by tailscaled
	}{
		{
			name: "name known to the system", url: "http://ts-mcp:8080/mcp",
			names:    map[string][]netip.Addr{"ts-mcp": {serverIP}},
			identity: alice, dialed: []string{"100.64.0.2:8080"},
		},
		{
			name: "short name known to tailscaled only", url: "http://ts-mcp:8080/mcp",
			identity: alice, dialed: []string{"100.64.0.2:8080"},
		},
		{
			name: "full name known to tailscaled only", url: "http://TS-MCP.tail1.ts.net/mcp",
			identity: alice, dialed: []string{"100.64.0.2:80"},
		},
		{
			name: "shared node by its full name", url: "http://ts-mcp.other.ts.net:1/mcp",
			identity: alice, dialed: []string{"100.64.0.3:1"},
		},
		{
			name: "nobody's name", url: "http://unknown:8080/mcp",
		},
		{
			name: "address", url: "http://100.64.0.2:8080/mcp",
			identity: alice, dialed: []string{"100.64.0.2:8080"},
		},
		{
			name: "IPv6 address", url: "http://[fd7a:115c:a1e0::2]:8080/mcp",
			identity: alice, dialed: []string{"[fd7a:115c:a1e0::2]:8080"},
		},
		{
			name: "name with IPv6 address only", url: "http://mcp.example.com:8080/mcp",
			names:    map[string][]netip.Addr{"mcp.example.com": {serverIP6}},
			identity: alice, dialed: []string{"[fd7a:115c:a1e0::2]:8080"},
		},
		{
			name: "IPv6 address of nobody", url: "http://[fd7a:115c:a1e0::9]:8080/mcp",
			identity: nobody, dialed: []string{"[fd7a:115c:a1e0::9]:8080"},
		},
		{
			name: "userspace, by IPv6 address", url: "http://[fd7a:115c:a1e0::2]:8080/mcp",
			change:   func(st *ipnstate.Status) { st.TUN = false },
			identity: alice, through: []string{"fd7a:115c:a1e0::2:8080"},
		},
		{
			name: "this node itself", url: "http://laptop:8080/mcp",
			identity: alice, dialed: []string{"100.64.0.1:8080"},
		},
		{
			name: "another name for a node", url: "http://mcp.example.com:8080/mcp",
			names:    map[string][]netip.Addr{"mcp.example.com": {serverIP}},
			identity: alice, dialed: []string{"100.64.0.2:8080"},
		},
		{
			name: "only the node among several addresses", url: "http://mcp.example.com:8080/mcp",
			names:    map[string][]netip.Addr{"mcp.example.com": {lan, serverIP}},
			identity: alice, dialed: []string{"100.64.0.2:8080"},
		},
		{
			name: "host outside the tailnet", url: "http://lan.example.com:8080/mcp",
			names:    map[string][]netip.Addr{"lan.example.com": {lan}},
			identity: nobody, dialed: []string{"lan.example.com:8080"},
		},
		{
			name: "CGNAT address of nobody", url: "http://100.64.9.9:8080/mcp",
			identity: nobody, dialed: []string{"100.64.9.9:8080"},
		},
		{
			name: "logged out", url: "http://ts-mcp:8080/mcp",
			names:    map[string][]netip.Addr{"ts-mcp": {serverIP}},
			change:   func(st *ipnstate.Status) { st.BackendState = "NeedsLogin" },
			identity: nobody, dialed: []string{"ts-mcp:8080"},
		},
		{
			name: "tagged node", url: "http://100.64.0.2:8080/mcp",
			change:   func(st *ipnstate.Status) { st.Self.Tags = tags("tag:prod", "tag:ci") },
			identity: "map[X-Tailscale-Node:laptop.tail1.ts.net X-Tailscale-Tags:tag:ci,tag:prod]",
			dialed:   []string{"100.64.0.2:8080"},
		},
		{
			name: "userspace, by name", url: "http://ts-mcp:8080/mcp",
			change:   func(st *ipnstate.Status) { st.TUN = false },
			identity: alice, through: []string{"100.64.0.2:8080"},
		},
		{
			name: "userspace, by address", url: "http://100.64.0.2:8080/mcp",
			change:   func(st *ipnstate.Status) { st.TUN = false },
			identity: alice, through: []string{"100.64.0.2:8080"},
		},
		{
			name: "userspace, the system knows something else by the name", url: "http://ts-mcp:8080/mcp",
			names:    map[string][]netip.Addr{"ts-mcp": {lan}},
			change:   func(st *ipnstate.Status) { st.TUN = false },
			identity: alice, through: []string{"100.64.0.2:8080"},
		},
		{
			name: "userspace, host outside the tailnet", url: "http://lan.example.com:8080/mcp",
			names:    map[string][]netip.Addr{"lan.example.com": {lan}},
			change:   func(st *ipnstate.Status) { st.TUN = false },
			identity: nobody, dialed: []string{"lan.example.com:8080"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, nil)
			ts := startTailscaled(t)
			ts.to = s.Listener.Addr().String()
			if tt.change != nil {
				ts.change(tt.change)
			}
			sys := &system{to: ts.to, names: tt.names}
			c := connectWith(t, Config{Server: mustURL(t, tt.url), Tailscaled: ts.client()}, sys.use)
			c.send(modernCall("1", "x"))
			f, bad := failureIn(t, c.answer("1"))
			if tt.dialed == nil && tt.through == nil {
				if !bad || f.Code != CodeUnreachable || !strings.Contains(f.Message, "neither this system nor tailscaled knows") {
					t.Errorf("got %+v, want no connection and why", f)
				}
				return
			}
			if bad {
				t.Fatalf("got %+v, want a result", f)
			}
			r := s.got("POST", "tools/call")
			if got := strings.TrimSpace(sprint(identityIn(r.header))); got != tt.identity {
				t.Errorf("identity: got %s, want %s", got, tt.identity)
			}
			if got := sys.dials(); !slices.Equal(got, tt.dialed) {
				t.Errorf("the system dialed %q, want %q", got, tt.dialed)
			}
			if got := ts.dials(); !slices.Equal(got, tt.through) {
				t.Errorf("tailscaled dialed %q, want %q", got, tt.through)
			}
		})
	}
}

// TestPX25NotPerMessage: tailscaled is asked at the start and from time to
// time, not for each message.
func TestPX25NotPerMessage(t *testing.T) {
	s := serve(t, nil)
	ts := startTailscaled(t)
	sys := &system{to: s.Listener.Addr().String()}
	c := connectWith(t, Config{Server: mustURL(t, "http://100.64.0.2:8080/mcp"), Tailscaled: ts.client()}, sys.use)
	for range 50 {
		c.send(modernCall("1", "x"))
		c.answer("1")
		if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != alice {
			t.Fatalf("got %s, want %s", got, alice)
		}
	}
	c.mu.Lock()
	delete(c.asked, "1") // one after the other
	c.mu.Unlock()
	if n := ts.count("/localapi/v0/status?peers=false"); n != 1 {
		t.Errorf("got %d questions for the status, want 1", n)
	}
}

// TestPX25Refreshed: what tailscaled says is known to the next request after at
// most a minute; here after asking.
func TestPX25Refreshed(t *testing.T) {
	if refreshEvery > time.Minute {
		t.Errorf("refreshed every %v, want at least every minute", refreshEvery)
	}
	s := serve(t, nil)
	ts := startTailscaled(t)
	sys := &system{to: s.Listener.Addr().String()}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: ts.client()}, sys.use)
	refresh := func() {
		r := c.relay.up.router
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ask()
	}
	see := func(when, want string) {
		t.Helper()
		c.mu.Lock()
		c.asked["1"] = 0
		c.mu.Unlock()
		c.send(modernCall("1", "x"))
		c.answer("1")
		if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != want {
			t.Errorf("%s: got %s, want %s", when, got, want)
		}
	}
	see("at first", alice)
	ts.change(func(st *ipnstate.Status) {
		st.User = map[tailcfg.UserID]tailcfg.UserProfile{7: {LoginName: "bob@example.com"}}
	})
	refresh()
	see("another user", strings.Replace(alice, "alice", "bob", 1))
	if n := len(sys.dials()); n != 1 {
		t.Errorf("got %d connections, want the one to be kept", n)
	}

	// The name now means a host outside: it must not see the identity, not
	// even over connections there are.
	sys.mu.Lock()
	sys.names = map[string][]netip.Addr{"ts-mcp": {netip.MustParseAddr("192.0.2.1")}}
	sys.mu.Unlock()
	refresh()
	see("another host", nobody)
	if got := sys.dials(); len(got) != 2 || got[1] != "ts-mcp:8080" {
		t.Errorf("got connections %q, want a second one as the system makes it", got)
	}
	sys.mu.Lock()
	sys.names = nil
	sys.mu.Unlock()
	refresh()
	see("the node again", strings.Replace(alice, "alice", "bob", 1))
	c.mu.Lock()
	delete(c.asked, "1")
	c.mu.Unlock()
}

// A resolver that does not answer does not hold up the first request.
func TestPX26SystemDoesNotResolve(t *testing.T) {
	s := serve(t, nil)
	ts := startTailscaled(t)
	sys := &system{to: s.Listener.Addr().String(), mute: true}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: ts.client()}, sys.use)
	begin := time.Now()
	c.send(modernCall("1", "x"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got %+v, want a result", f)
	}
	if took := time.Since(begin); took > peersTimeout/2 {
		t.Errorf("took %v, want about %v", took, resolveGrace)
	}
	if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != alice {
		t.Errorf("got %s, want %s", got, alice)
	}
}

// The background refresh runs on time.
func TestPX25RefreshedInTheBackground(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		lc := LocalClient("")
		asked := make(chan time.Time, 10)
		lc.Dial = func(context.Context, string, string) (net.Conn, error) {
			asked <- time.Now()
			return nil, errors.New("not here")
		}
		r := newRouter(ctx, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: lc}.withDefaults())
		done := make(chan struct{})
		go func() { r.keep(); close(done) }()
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

// TestPX26WithoutTailscaled: a warning, once, and everything else works.
func TestPX26WithoutTailscaled(t *testing.T) {
	s := serve(t, nil)
	sys := &system{to: s.Listener.Addr().String(), names: map[string][]netip.Addr{"ts-mcp": {serverIP}}}
	var log syncBuffer
	c := connectWith(t, Config{
		Server:     mustURL(t, "http://ts-mcp:8080/mcp"),
		Tailscaled: LocalClient(filepath.Join(t.TempDir(), "none.sock")),
		Log:        slog.New(slog.NewTextHandler(&log, nil)),
	}, sys.use)
	begin := time.Now()
	c.open()
	if took := time.Since(begin); took > time.Second {
		t.Errorf("the first answer took %v, want it at once", took)
	}
	c.send(legacyCall("1", "x"))
	c.answer("1")
	if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != nobody {
		t.Errorf("got %s, want no identity", got)
	}
	if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "tailscaled") {
		t.Errorf("got log %q, want one warning about tailscaled", log.String())
	}
}

// A tailscaled that starts later is found, and one that stops is waited for.
func TestPX26TailscaledComesAndGoes(t *testing.T) {
	s := serve(t, nil)
	ts := startTailscaled(t)
	ts.change(func(st *ipnstate.Status) { st.TUN = false })
	ts.to = s.Listener.Addr().String()
	ts.stop()
	sys := &system{}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: ts.client()}, sys.use)
	c.send(modernCall("1", "x"))
	f, _ := failureIn(t, c.answer("1"))
	if f.Code != CodeUnreachable || !strings.Contains(f.Message, "tailscaled") {
		t.Errorf("without tailscaled: got %+v, want code %d and why", f, CodeUnreachable)
	}
	ts.start()
	c.relay.up.router.forgetWhen()
	c.send(modernCall("2", "x")) // the first request is not the one that finds out
	if f, bad := failureIn(t, c.answer("2")); bad {
		t.Fatalf("with tailscaled: got %+v, want a result", f)
	}
	if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != alice {
		t.Errorf("got %s, want %s", got, alice)
	}
}

// forgetWhen is as if the last question to tailscaled were long ago.
func (r *router) forgetWhen() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = time.Time{}
}

// A route that makes no connection is left for a better one that is known by
// then, by the same request: it was not sent.
func TestPX26BetterRoute(t *testing.T) {
	s := serve(t, nil)
	ts := startTailscaled(t)
	ts.change(func(st *ipnstate.Status) { st.TUN = false })
	ts.to = s.Listener.Addr().String()
	sys := &system{}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: ts.client()}, sys.use, func(r *relay) {
		stale := &route{note: "as before a login"}
		stale.transport = r.up.router.transport(stale)
		r.up.router.cur.Store(stale)
	})
	c.send(modernCall("1", "x"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Fatalf("got %+v, want a result", f)
	}
	if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != alice {
		t.Errorf("got %s, want %s", got, alice)
	}
}

// A tailscaled that hangs holds up the first request and no other.
func TestPX26TailscaledHangs(t *testing.T) {
	s := serve(t, nil)
	ts := startTailscaled(t)
	ts.silent = make(chan struct{})
	sys := &system{to: s.Listener.Addr().String(), names: map[string][]netip.Addr{"ts-mcp": {serverIP}}}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: ts.client()}, sys.use)
	for _, id := range []string{"1", "2", "3"} {
		c.send(modernCall(id, "x"))
		if f, bad := failureIn(t, c.answer(id)); bad {
			t.Errorf("%s: got %+v, want a result", id, f)
		}
		c.relay.up.router.forgetWhen()
	}
	close(ts.silent)
	if n := ts.count("/localapi/v0/status?peers=false"); n != 1 {
		t.Errorf("got %d questions for the status, each of which a request waited for, want 1", n)
	}
}

// The log says nothing that a person must not see there, and stdout nothing
// but messages, even when everything is logged.
func TestPX2LogStaysOffStdout(t *testing.T) {
	s := serve(t, nil)
	var log syncBuffer
	c := connectWith(t, Config{Server: mustURL(t, s.url()), Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	c.open()
	c.send(`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"x","arguments":{"password":"hunter2"}}}`, "garbage")
	c.answer("1")
	c.answer("null")
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	if log.String() == "" || strings.Contains(log.String(), "hunter2") || strings.Contains(log.String(), "session-1") {
		t.Errorf("got log %q, want one without arguments and session ids", log.String())
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
