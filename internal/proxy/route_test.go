// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"
	"tailscale.com/types/key"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed/fakelocal"
)

// by makes a relay resolve and connect by sys.
func by(sys *fakelocal.System) option {
	return func(r *relay) { r.up.Router.Resolve, r.up.Router.Dial = sys.Resolve, sys.Dial }
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
			names:    map[string][]netip.Addr{"ts-mcp": {fakelocal.ServerIP}},
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
			names:    map[string][]netip.Addr{"mcp.example.com": {fakelocal.ServerIP6}},
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
			names:    map[string][]netip.Addr{"mcp.example.com": {fakelocal.ServerIP}},
			identity: alice, dialed: []string{"100.64.0.2:8080"},
		},
		{
			name: "only the node among several addresses", url: "http://mcp.example.com:8080/mcp",
			names:    map[string][]netip.Addr{"mcp.example.com": {lan, fakelocal.ServerIP}},
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
			names:    map[string][]netip.Addr{"ts-mcp": {fakelocal.ServerIP}},
			change:   func(st *ipnstate.Status) { st.BackendState = "NeedsLogin" },
			identity: nobody, dialed: []string{"ts-mcp:8080"},
		},
		{
			name: "tagged node", url: "http://100.64.0.2:8080/mcp",
			change:   func(st *ipnstate.Status) { st.Self.Tags = fakelocal.Tags("tag:prod", "tag:ci") },
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
			ts := fakelocal.Start(t)
			ts.To = s.addr()
			if tt.change != nil {
				ts.Change(tt.change)
			}
			sys := &fakelocal.System{To: ts.To, Names: tt.names}
			c := connectWith(t, Config{Server: mustURL(t, tt.url), Tailscaled: socket.ClientForDials(ts.Socket)}, by(sys))
			c.send(modernCall("1", "x"))
			f, bad := failureIn(t, c.answer("1"))
			if tt.dialed == nil && tt.through == nil {
				if !bad || f.Code != fault.CodeUnreachable || !strings.Contains(f.Message, "neither this system nor tailscaled knows") {
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
			if got := sys.Dials(); !slices.Equal(got, tt.dialed) {
				t.Errorf("the system dialed %q, want %q", got, tt.dialed)
			}
			if got := ts.Dials(); !slices.Equal(got, tt.through) {
				t.Errorf("tailscaled dialed %q, want %q", got, tt.through)
			}
		})
	}
}

// TestPX25NotPerMessage: tailscaled is asked at the start and from time to
// time, not for each message.
func TestPX25NotPerMessage(t *testing.T) {
	s := serve(t, nil)
	ts := fakelocal.Start(t)
	sys := &fakelocal.System{To: s.addr()}
	c := connectWith(t, Config{Server: mustURL(t, "http://100.64.0.2:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket)}, by(sys))
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
	if n := ts.Count("/localapi/v0/status?peers=false"); n != 1 {
		t.Errorf("got %d questions for the status, want 1", n)
	}
}

// TestPX25Refreshed: what tailscaled says is known to the next request after at
// most a minute; here after asking.
func TestPX25Refreshed(t *testing.T) {
	s := serve(t, nil)
	ts := fakelocal.Start(t)
	sys := &fakelocal.System{To: s.addr()}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket)}, by(sys))
	refresh := c.relay.up.Router.Refresh
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
	ts.Change(func(st *ipnstate.Status) {
		st.User = map[tailcfg.UserID]tailcfg.UserProfile{7: {LoginName: "bob@example.com"}}
	})
	refresh()
	see("another user", strings.Replace(alice, "alice", "bob", 1))
	if n := len(sys.Dials()); n != 1 {
		t.Errorf("got %d connections, want the one to be kept", n)
	}

	// The name now means a host outside: it must not see the identity, not
	// even over connections there are.
	sys.Mu.Lock()
	sys.Names = map[string][]netip.Addr{"ts-mcp": {netip.MustParseAddr("192.0.2.1")}}
	sys.Mu.Unlock()
	refresh()
	see("another host", nobody)
	if got := sys.Dials(); len(got) != 2 || got[1] != "ts-mcp:8080" {
		t.Errorf("got connections %q, want a second one as the system makes it", got)
	}
	sys.Mu.Lock()
	sys.Names = nil
	sys.Mu.Unlock()
	refresh()
	see("the node again", strings.Replace(alice, "alice", "bob", 1))
	c.mu.Lock()
	delete(c.asked, "1")
	c.mu.Unlock()
}

// A resolver that does not answer does not hold up the first request.
func TestPX26SystemDoesNotResolve(t *testing.T) {
	s := serve(t, nil)
	ts := fakelocal.Start(t)
	sys := &fakelocal.System{To: s.addr(), Mute: true}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket)}, by(sys))
	begin := time.Now()
	c.send(modernCall("1", "x"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got %+v, want a result", f)
	}
	if took := time.Since(begin); took > 4500*time.Millisecond { // it would be waited for for 5 s
		t.Errorf("took %v, want about 200 ms", took)
	}
	if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != alice {
		t.Errorf("got %s, want %s", got, alice)
	}
}

// TestPX26WithoutTailscaled: a warning, once, and everything else works.
func TestPX26WithoutTailscaled(t *testing.T) {
	s := serve(t, nil)
	sys := &fakelocal.System{To: s.addr(), Names: map[string][]netip.Addr{"ts-mcp": {fakelocal.ServerIP}}}
	var log *syncBuffer
	var c *client
	for tries := 1; ; tries++ { // a slow host may need a second for what waits for nothing
		log = &syncBuffer{}
		c = connectWith(t, Config{
			Server:     mustURL(t, "http://ts-mcp:8080/mcp"),
			Tailscaled: socket.ClientForDials(filepath.Join(t.TempDir(), "none.sock")),
			Log:        slog.New(slog.NewTextHandler(log, nil)),
		}, by(sys))
		begin := time.Now()
		c.open()
		took := time.Since(begin)
		if took <= time.Second {
			break
		}
		if tries == 5 {
			t.Fatalf("the first answer took %v, want it at once", took)
		}
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
	ts := fakelocal.Start(t)
	ts.Change(func(st *ipnstate.Status) { st.TUN = false })
	ts.To = s.addr()
	ts.Stop()
	sys := &fakelocal.System{}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket)}, by(sys))
	c.send(modernCall("1", "x"))
	f, _ := failureIn(t, c.answer("1"))
	if f.Code != fault.CodeUnreachable || !strings.Contains(f.Message, "tailscaled") {
		t.Errorf("without tailscaled: got %+v, want code %d and why", f, fault.CodeUnreachable)
	}
	ts.Restart()
	time.Sleep(600 * time.Millisecond) // it is asked no more often
	c.send(modernCall("2", "x"))       // the first request is not the one that finds out
	if f, bad := failureIn(t, c.answer("2")); bad {
		t.Fatalf("with tailscaled: got %+v, want a result", f)
	}
	if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != alice {
		t.Errorf("got %s, want %s", got, alice)
	}
}

// A route that makes no connection is left for a better one that is known by
// then, by the same request: it was not sent.
func TestPX26BetterRoute(t *testing.T) {
	s := serve(t, nil)
	ts := fakelocal.Start(t)
	ts.To = s.addr()
	var peers map[key.NodePublic]*ipnstate.PeerStatus
	ts.Change(func(st *ipnstate.Status) { st.TUN, peers, st.Peer = false, st.Peer, nil })
	sys := &fakelocal.System{}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket)}, by(sys), func(r *relay) {
		r.up.Router.Pick() // as before the server joined the tailnet
		ts.Change(func(st *ipnstate.Status) { st.Peer = peers })
	})
	time.Sleep(600 * time.Millisecond) // tailscaled is asked no more often
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
	ts := fakelocal.Start(t)
	ts.Silent = make(chan struct{})
	sys := &fakelocal.System{To: s.addr(), Names: map[string][]netip.Addr{"ts-mcp": {fakelocal.ServerIP}}}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket)}, by(sys))
	for _, id := range []string{"1", "2", "3"} {
		c.send(modernCall(id, "x"))
		if f, bad := failureIn(t, c.answer(id)); bad {
			t.Errorf("%s: got %+v, want a result", id, f)
		}
		time.Sleep(600 * time.Millisecond) // it is asked no more often
	}
	close(ts.Silent)
	if n := ts.Count("/localapi/v0/status?peers=false"); n != 1 {
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
