// SPDX-License-Identifier: MIT

package proxy

import (
	"fmt"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tailscale.com/ipn/ipnstate"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/localapi/socket"
	"tailscale-mcp/internal/testbed/fakelocal"
)

// TestPX26RequireTailscale: no byte leaves for what is no node of the tailnet,
// and each request and the log say why and what to do.
func TestPX26RequireTailscale(t *testing.T) {
	tests := []struct {
		name, url string
		change    func(*ipnstate.Status)
		absent    bool // no tailscaled
		says      string
	}{
		{name: "no tailscaled", url: "http://ts-mcp:8080/mcp", absent: true, says: "no tailscaled answers on this machine: "},
		{name: "logged out", url: "http://ts-mcp:8080/mcp", change: func(st *ipnstate.Status) { st.BackendState = "NeedsLogin" }, says: "is logged out on this machine; run: tailscale up"},
		{name: "turned off", url: "http://ts-mcp:8080/mcp", change: func(st *ipnstate.Status) { st.BackendState = "Stopped" }, says: "is turned off on this machine; run: tailscale up"},
		{name: "not approved", url: "http://ts-mcp:8080/mcp", change: func(st *ipnstate.Status) { st.BackendState = "NeedsMachineAuth" }, says: "waits to be approved for the tailnet; an administrator approves it"},
		{name: "starting", url: "http://ts-mcp:8080/mcp", change: func(st *ipnstate.Status) { st.BackendState = "Starting" }, says: "is not connected yet (its state is Starting); try again"},
		{name: "somebody else's", url: "http://ts-mcp:8080/mcp", change: func(st *ipnstate.Status) { st.BackendState = "InUseOtherUser" }, says: "in use by another user of this machine; "},
		{name: "a host outside", url: "http://lan.example.com:8080/mcp", says: "lan.example.com ([192.0.2.9], by this system) is not a node of this tailnet; compare with: tailscale status"},
		{name: "an address outside", url: "http://192.0.2.9:8080/mcp", says: "192.0.2.9 is not a node of this tailnet; "},
		{name: "nobody's name", url: "http://unknown:8080/mcp", says: `neither this system nor tailscaled knows the name "unknown"; see: tailscale status`},
		{name: "this machine itself", url: "http://127.0.0.1:8080/mcp", says: "127.0.0.1 is this machine itself"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := serve(t, nil)
			ts := fakelocal.Start(t)
			lc := socket.ClientForDials(ts.Socket)
			if tt.change != nil {
				ts.Change(tt.change)
			}
			if tt.absent {
				lc = socket.ClientForDials(filepath.Join(t.TempDir(), "none.sock"))
			}
			sys := &fakelocal.System{To: s.addr(), Names: map[string][]netip.Addr{"ts-mcp": {fakelocal.ServerIP}, "lan.example.com": {netip.MustParseAddr("192.0.2.9")}}}
			var log syncBuffer
			c := connectWith(t, Config{
				Server: mustURL(t, tt.url), Tailscaled: lc, RequireTailscale: true, IdentityTo: []string{"lan.example.com"},
				Log: slog.New(slog.NewTextHandler(&log, nil)),
			}, by(sys))
			c.send(initialize, modernCall("1", "x"), modernCall("2", "x"))
			for _, id := range []string{`"init"`, "1", "2"} {
				f, bad := failureIn(t, c.answer(id))
				if !bad || f.Code != fault.CodeUnreachable || f.Data.Outcome != fault.NotSent || !strings.Contains(f.Message, tt.says) || !strings.Contains(f.Message, "--require-tailscale") {
					t.Errorf("%s: got %+v, want code %d, that nothing was sent, and %q", id, f, fault.CodeUnreachable, tt.says)
				}
			}
			if got := sys.Dials(); len(got) > 0 {
				t.Errorf("the system dialed %q, want nothing", got)
			}
			if n := strings.Count(log.String(), "no request is sent"); n != 1 || strings.Contains(log.String(), "identity headers") {
				t.Errorf("got log %s, want the reason once", log.String())
			}
		})
	}
}

// TestPX26RequiredTailscaleComes: the process stays, and works once tailscaled
// is there.
func TestPX26RequiredTailscaleComes(t *testing.T) {
	s := serve(t, nil)
	ts := fakelocal.Start(t)
	ts.Stop()
	sys := &fakelocal.System{To: s.addr(), Names: map[string][]netip.Addr{"ts-mcp": {fakelocal.ServerIP}}}
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket), RequireTailscale: true}, by(sys))
	c.send(modernCall("1", "x"))
	if f, _ := failureIn(t, c.answer("1")); f.Code != fault.CodeUnreachable {
		t.Errorf("without tailscaled: got %+v, want code %d", f, fault.CodeUnreachable)
	}
	ts.Restart()
	for begin, id := time.Now(), 2; ; id++ { // asked no more often than twice a second
		c.send(modernCall(fmt.Sprint(id), "x"))
		f, bad := failureIn(t, c.answer(fmt.Sprint(id)))
		if !bad {
			break
		}
		if time.Since(begin) > patience {
			t.Fatalf("with tailscaled: got %+v, want a result", f)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if got := sprint(identityIn(s.got("POST", "tools/call").header)); got != alice {
		t.Errorf("got %s, want %s", got, alice)
	}
}

// Userspace networking is a way to a node of the tailnet as good as any.
func TestPX26RequiredByUserspace(t *testing.T) {
	s := serve(t, nil)
	ts := fakelocal.Start(t)
	ts.Change(func(st *ipnstate.Status) { st.TUN = false })
	ts.To = s.addr()
	c := connectWith(t, Config{Server: mustURL(t, "http://ts-mcp:8080/mcp"), Tailscaled: socket.ClientForDials(ts.Socket), RequireTailscale: true}, by(&fakelocal.System{}))
	c.send(modernCall("1", "x"))
	if f, bad := failureIn(t, c.answer("1")); bad {
		t.Errorf("got %+v, want a result", f)
	}
}
