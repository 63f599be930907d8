// SPDX-License-Identifier: MIT

package listen

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// net/http asks for this to get an early refusal through.
var _ interface{ CloseWrite() error } = (*conn)(nil)

func inherited(t *testing.T, network, address string) net.Listener {
	t.Helper()
	ln, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

func TestAdmits(t *testing.T) {
	addr := netip.MustParseAddr
	own := []netip.Addr{addr("100.64.0.1"), addr("fd7a:115c:a1e0::1")}
	for _, test := range []struct {
		name  string
		node  node
		local string
		want  bool
	}{
		{"own IPv4", node{known: true, self: Self{Addrs: own}}, "100.64.0.1", true},
		{"own IPv6", node{known: true, self: Self{Addrs: own}}, "fd7a:115c:a1e0::1", true},
		{"another node's address", node{known: true, self: Self{Addrs: own}}, "100.64.0.2", false},
		{"LAN", node{known: true, self: Self{Addrs: own}}, "192.168.1.5", false},
		{"loopback", node{known: true, self: Self{Addrs: own}}, "127.0.0.1", false},
		{"IPv6 loopback", node{known: true, self: Self{Addrs: own}}, "::1", false},
		{"MagicDNS resolver", node{known: true, self: Self{Addrs: own}}, "100.100.100.100", false},
		{"logged out", node{known: true}, "100.64.0.1", false},
		{"loopback in userspace networking", node{known: true, self: Self{Addrs: own, Userspace: true}}, "127.0.0.1", true},
		{"IPv6 loopback in userspace networking", node{known: true, self: Self{Addrs: own, Userspace: true}}, "::1", true},
		{"LAN in userspace networking", node{known: true, self: Self{Addrs: own, Userspace: true}}, "192.168.1.5", false},
		{"nothing known, Tailscale range", node{}, "100.64.0.1", true},
		{"nothing known, Tailscale IPv6 range", node{}, "fd7a:115c:a1e0::9", true},
		{"nothing known, LAN", node{}, "192.168.1.5", false},
		{"nothing known, loopback", node{}, "127.0.0.1", false},
		{"nothing known, public", node{}, "203.0.113.1", false},
		{"no address", node{known: true, self: Self{Addrs: own, Userspace: true}}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDoor(slog.New(slog.DiscardHandler))
			d.change(test.node)
			var local netip.Addr
			if test.local != "" {
				local = addr(test.local)
			}
			peer := addr("100.64.0.9")
			if local.IsLoopback() && test.node.self.Userspace {
				peer = local // that is where tailscaled dials from
			}
			if got := d.admits(local, peer); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// Who comes from an address that no peer can have is turned away unasked.
func TestAdmitsPeersOnly(t *testing.T) {
	addr := netip.MustParseAddr
	own := addr("100.64.0.1")
	device := node{known: true, self: Self{Addrs: []netip.Addr{own}}}
	loopback := node{known: true, self: Self{Addrs: device.self.Addrs, Userspace: true}}
	for _, test := range []struct {
		name          string
		node          node
		local, remote string
		want          bool
	}{
		{"peer", device, "100.64.0.1", "100.64.0.2", true},
		{"peer over IPv6", device, "100.64.0.1", "fd7a:115c:a1e0::2", true},
		{"the host itself, for ALLOW_SELF", device, "100.64.0.1", "100.64.0.1", true},
		{"behind a 4via6 subnet router, and no node", device, "100.64.0.1", "fd7a:115c:a1e0:b1a:0:7:c0a8:102", false},
		{"neighbour on the LAN", device, "100.64.0.1", "192.168.1.9", false},
		{"neighbour over IPv6", device, "100.64.0.1", "fe80::9", false},
		{"anybody", device, "100.64.0.1", "203.0.113.9", false},
		{"local account from loopback", device, "100.64.0.1", "127.0.0.1", false},
		{"a virtual machine on ChromeOS", device, "100.64.0.1", "100.115.92.9", false},
		{"no address", device, "100.64.0.1", "", false},
		{"nothing known, peer", node{}, "100.64.0.1", "100.64.0.2", true},
		{"nothing known, neighbour", node{}, "100.64.0.1", "192.168.1.9", false},
		{"nothing known, loopback", node{}, "127.0.0.1", "127.0.0.1", false},
		{"userspace networking", loopback, "127.0.0.1", "127.0.0.1", true},
		{"userspace networking, IPv6", loopback, "::1", "::1", true},
		{"userspace networking, neighbour", loopback, "127.0.0.1", "192.168.1.9", false},
		{"userspace networking, peer that was routed to loopback", loopback, "127.0.0.1", "100.64.0.2", false},
		{"userspace networking, not known whose addresses", node{self: Self{Userspace: true}}, "127.0.0.1", "127.0.0.1", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := newDoor(slog.New(slog.DiscardHandler))
			d.change(test.node)
			var remote netip.Addr
			if test.remote != "" {
				remote = addr(test.remote)
			}
			if got := d.admits(addr(test.local), remote); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// A connection from an address that no peer can have ends at the door, before
// anybody accepts it, at sockets of either kind and also before anything is known.
func TestStrangersEndAtTheDoor(t *testing.T) {
	for _, own := range []bool{true, false} {
		fake := newTailscaled(t, up("127.0.0.2")).start()
		cfg := Config{Tailscaled: fake.client(), peer: func(netip.Addr) bool { return false }}
		if !own {
			cfg.Inherited = []net.Listener{inherited(t, "tcp4", "127.0.0.2:0")}
		}
		h := listening(t, cfg, busOnly)
		addr := h.serves("127.0.0.2").Addrs[0]
		if answer, err := get(addr); err == nil {
			t.Errorf("self-bound %v: got %q, want no answer", own, answer)
		}
		eventually(t, "the refusal to be counted", func() bool { return h.Refused() == 1 })
	}
}

// tailscaled comes back with a device: what came from loopback is no peer any more.
func TestLoopbackEndsWithUserspaceNetworking(t *testing.T) {
	ln := inherited(t, "tcp4", "127.0.0.1:0")
	fake := newTailscaled(t, userspace("100.64.0.1")).start()
	h := listening(t, Config{Tailscaled: fake.client(), Inherited: []net.Listener{ln}}, busOnly)
	addr := h.serves("127.0.0.1").Addrs[0]
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	eventually(t, "the connection to be let in", func() bool {
		h.door.mu.Lock()
		defer h.door.mu.Unlock()
		return len(h.door.inside) == 1
	})
	fake.set(up("100.64.0.1"))
	h.becomes(Degraded, "")
	if _, err := ask(c); err == nil {
		t.Error("got an answer over loopback from a node with a network device")
	}
}

// A socket on all addresses answers on those of the tailnet only.
func TestLocalAddressIsChecked(t *testing.T) {
	for _, network := range []struct{ name, address string }{{"tcp4", "0.0.0.0:0"}, {"tcp", "[::]:0"}} {
		t.Run(network.name, func(t *testing.T) {
			ln := inherited(t, network.name, network.address)
			port := addrPort(ln.Addr()).Port()
			fake := newTailscaled(t, up("127.0.0.2")).start()
			h := listening(t, Config{Tailscaled: fake.client(), Inherited: []net.Listener{ln}}, busOnly)
			s := h.serves("127.0.0.2")

			answer, err := get(s.Addrs[0])
			if err != nil {
				t.Fatalf("at the Tailscale address: %v", err)
			}
			if !strings.Contains(answer, "\r\n\r\n127.0.0.1:") && !strings.Contains(answer, "\r\n\r\n127.0.0.2:") {
				t.Errorf("got %q, want the plain IPv4 address of the caller", answer)
			}
			const strangers = 5
			for range strangers {
				if answer, err := get(netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), port)); err == nil {
					t.Errorf("got %q at another address than the node's", answer)
				}
			}
			eventually(t, "refusals to be counted", func() bool { return h.Refused() == strangers })
			if got := strings.Count(h.logs.String(), "connection refused"); got != 1 {
				t.Errorf("got %d log lines for %d refusals, want 1", got, strangers)
			}
			h.answers(s.Addrs[0]) // and goes on
		})
	}
}

// The connection that made systemd start the service is there before anything is
// known. It is judged by the first answer, not refused for being early.
func TestFirstConnectionWaitsForTheFirstAnswer(t *testing.T) {
	ln := inherited(t, "tcp4", "0.0.0.0:0")
	addr := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), addrPort(ln.Addr()).Port())
	fake := newTailscaled(t, up("127.0.0.2")).start()
	c, err := net.Dial("tcp", addr.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fake.hang()
	h := listening(t, Config{Tailscaled: fake.client(), Inherited: []net.Listener{ln}}, busOnly)
	fake.recover()
	if _, err := ask(c); err != nil {
		t.Errorf("got %v, want an answer", err)
	}
	if h.Refused() != 0 {
		t.Errorf("got %d refused", h.Refused())
	}
}

// What was let in before anything was known goes when its address turns out to be
// nobody's here.
func TestEarlyConnectionIsJudgedLater(t *testing.T) {
	ln := inherited(t, "tcp4", "127.0.0.2:0")
	defer ln.Close()
	d := newDoor(slog.New(slog.DiscardHandler))
	d.peer = loopbackToo
	pairs := make(map[*conn]net.Conn)
	d.change(node{self: Self{Userspace: true}}) // loopback stands in for Tailscale's ranges
	for range 2 {
		client, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		c, ok := d.enter(server.(*net.TCPConn))
		if !ok {
			t.Fatal("refused")
		}
		defer c.Close()
		pairs[c] = client
	}
	d.change(node{known: true, self: Self{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.2")}}})
	if got := len(d.inside); got != 2 {
		t.Fatalf("got %d connections inside, want 2", got)
	}
	for c := range pairs {
		c.Close() // closed ones are forgotten
		break
	}
	if got := len(d.inside); got != 1 {
		t.Fatalf("got %d connections inside, want 1", got)
	}
	d.change(node{known: true, self: Self{Addrs: []netip.Addr{netip.MustParseAddr("127.0.0.3")}}})
	if got := len(d.inside); got != 0 {
		t.Errorf("got %d connections inside, want none", got)
	}
	for _, client := range pairs {
		client.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := client.Read(make([]byte, 1)); err == nil || errors.Is(err, io.ErrNoProgress) {
			t.Errorf("got %v, want the connection closed", err)
		}
	}
}

func TestInheritedSocketAtNoAddressOfThisNode(t *testing.T) {
	ln := inherited(t, "tcp4", "127.0.0.2:0")
	fake := newTailscaled(t, up("127.0.0.2")).start()
	h := listening(t, Config{Tailscaled: fake.client(), Inherited: []net.Listener{ln}, Port: 1}, busOnly)
	addr := h.serves("127.0.0.2").Addrs[0]
	h.answers(addr)
	if got, want := h.Port(), addr.Port(); got != want {
		t.Errorf("got port %d, want the socket's, %d", got, want)
	}
	if !strings.Contains(h.logs.String(), "systemctl edit tailscale-mcp.socket") {
		t.Errorf("got log %q, want the remedy for another port than configured", h.logs)
	}
	if got, want := h.State().Detail, "TAILSCALE_MCP_PORT=1 has no effect on it (systemctl edit tailscale-mcp.socket)"; !strings.Contains(got, want) {
		t.Errorf("got state %q, want %q in it", got, want)
	}
	fake.set(up("127.0.0.3"))
	h.becomes(Degraded, "the socket "+addr.String()+" is at no Tailscale address of this node")
	if _, err := get(addr); err == nil {
		t.Error("got an answer at an address this node has no longer")
	}
}

func TestInheritedWithUserspaceNetworking(t *testing.T) {
	ln := inherited(t, "tcp", "[::]:0")
	fake := newTailscaled(t, userspace("100.64.0.1")).start()
	h := listening(t, Config{Tailscaled: fake.client(), Inherited: []net.Listener{ln}}, busOnly)
	s := h.serves("127.0.0.1", "::1")
	h.answers(s.Addrs[0])
}

func TestOpenRefusesOtherSockets(t *testing.T) {
	for _, ln := range []net.Listener{nil, &net.UnixListener{}} {
		_, err := Open(Config{Tailscaled: newTailscaled(t, up()).client(), Log: slog.New(slog.DiscardHandler), Inherited: []net.Listener{ln}})
		if err == nil || !strings.Contains(err.Error(), "not TCP") {
			t.Errorf("got %v, want an error", err)
		}
	}
}
