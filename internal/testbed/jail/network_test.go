// SPDX-License-Identifier: MIT

//go:build linux

package jail

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// The networks of the bridge, where the peer ends with 7 and the host with 2. To the
// kernel and to "internet" 198.51.100.0/24 and 2001:db8::/32 are like any on the internet.
var networks = []string{"198.51.100.%/24", "192.168.77.%/24", "172.16.5.%/24", "169.254.9.%/24", "2001:db8:1::%/64", "fd00:77::%/64"}

// everywhere are the probes for every kind of address, with what they reach.
func everywhere(t *testing.T, p *place) []row {
	t.Helper()
	rows := []row{
		{promise: "the internet", probe: []string{"dial", "tcp", "198.51.100.7:7000"}},
		{promise: "the internet, by IPv6", probe: []string{"dial", "tcp", "[2001:db8:1::7]:7000"}},
		{promise: "the internet, by datagrams", probe: []string{"ask", "198.51.100.7:7000"}},
		{promise: "a private network, 192.168", probe: []string{"dial", "tcp", "192.168.77.7:7000"}},
		{promise: "a private network, 172.16", probe: []string{"dial", "tcp", "172.16.5.7:7000"}},
		{promise: "a private network, 10", probe: []string{"dial", "tcp", peerLAN(t, p) + ":7000"}},
		{promise: "a private network, by datagrams", probe: []string{"ask", "192.168.77.7:7000"}},
		{promise: "a private network, by IPv6", probe: []string{"dial", "tcp", "[fd00:77::7]:7000"}},
		{promise: "the local link, where clouds keep credentials", probe: []string{"dial", "tcp", "169.254.9.7:7000"}},
		{promise: "the tailnet", probe: []string{"dial", "tcp", netip.AddrPortFrom(p.peer.IPv4(), 7000).String()}},
		{promise: "the tailnet, by IPv6", probe: []string{"dial", "tcp", netip.AddrPortFrom(p.peer.IPv6(), 7000).String()}},
		{promise: "this host: the loopback", probe: []string{"dial", "tcp", "127.0.0.1:7001"}},
		{promise: "this host: the loopback, another address", probe: []string{"dial", "tcp", "127.9.9.9:7001"}},
		{promise: "this host: the loopback, by datagrams", probe: []string{"ask", "127.0.0.1:7001"}},
		{promise: "this host: the loopback, by IPv6", probe: []string{"dial", "tcp", "[::1]:7001"}},
		{promise: "this host: 0.0.0.0", probe: []string{"dial", "tcp", "0.0.0.0:7001"}},
		{promise: "this host: its private address", probe: []string{"dial", "tcp", "192.168.77.2:7001"}},
		{promise: "this host: its address in the tailnet", probe: []string{"dial", "tcp", netip.AddrPortFrom(p.Node.IPv4(), 7001).String()}},
		{promise: "this host: its address on the internet", probe: []string{"dial", "tcp", "198.51.100.2:7001"}},
	}
	for i := range rows {
		rows[i].as = "ann"
	}
	return rows
}

// allowing marks the rows that are to work.
func allowing(rows []row, promises ...string) []row {
	for i := range rows {
		rows[i].works = slices.Contains(promises, rows[i].promise)
	}
	return rows
}

// noSockets are the rows for what is no address of the internet's.
var noSockets = []row{
	{promise: "no unix socket", as: "ann", probe: []string{"socket", "1", "1", "0"}, errnos: "EAFNOSUPPORT"},
	{promise: "tailscaled is out of reach", as: "ann", probe: []string{"dial", "unix", "/run/tailscale/tailscaled.sock"}, errnos: "EAFNOSUPPORT"},
	{promise: "D-Bus is out of reach", as: "ann", probe: []string{"dial", "unix", "/run/dbus/system_bus_socket"}, errnos: "EAFNOSUPPORT"},
	{promise: "systemd is out of reach", as: "root", probe: []string{"dial", "unix", "/run/systemd/private"}, errnos: "EAFNOSUPPORT"},
	{promise: "its own socket, by which another instance would start", as: "root", probe: []string{"dial", "unix", "/run/tailscale-mcp-servers/plain.sock"}, errnos: "EAFNOSUPPORT"},
	{promise: "a unix socket without a file", as: "ann", probe: []string{"dial", "unix", "@jail"}, errnos: "EAFNOSUPPORT"},
	{promise: "no netlink", as: "ann", probe: []string{"socket", "16", "3", "0"}, errnos: "EAFNOSUPPORT"},
	{promise: "no raw packets", as: "root", probe: []string{"socket", "17", "3", "0"}, errnos: "EAFNOSUPPORT"},
	{promise: "no raw addresses", as: "root", probe: []string{"socket", "2", "3", "1"}, errnos: "EAFNOSUPPORT EPERM"},
	{promise: "no socket of a virtual machine", as: "ann", probe: []string{"socket", "40", "1", "0"}, errnos: "EAFNOSUPPORT"},
}

// network: a server gets where its entry says.
func network(t *testing.T, p *place) {
	connect(t, p)
	t.Run("none", func(t *testing.T) {
		in := p.start(t, "plain")
		p.hold(t, in, tried{}, append(everywhere(t, p),
			row{promise: "no socket at all", as: "ann", probe: []string{"socket", "2", "1", "0"}, errnos: "EAFNOSUPPORT"},
			row{promise: "no port to listen on", as: "ann", probe: []string{"listen", "tcp", "127.0.0.1:0"}, errnos: "EAFNOSUPPORT"}))
		p.hold(t, in, tried{}, noSockets)
	})
	t.Run("internet", func(t *testing.T) {
		in := p.start(t, "internet")
		reached := []string{"the internet", "the internet, by IPv6", "the internet, by datagrams"}
		if !p.interfaces(t) {
			// Debian 12's systemd is built without what RestrictNetworkInterfaces= needs.
			t.Log("NOT HELD HERE: this systemd cannot tell interfaces apart, so that a server with \"internet\" reaches what listens on the host's own public address")
			reached = append(reached, "this host: its address on the internet")
		}
		p.hold(t, in, tried{}, allowing(everywhere(t, p), reached...))
		p.hold(t, in, tried{}, noSockets)
		p.hold(t, in, tried{}, []row{{promise: "names resolve, by the resolvers for servers", as: "root", probe: []string{"resolve", "name.example"}, works: true}})
	})
	t.Run("list", func(t *testing.T) {
		in := p.start(t, "lan")
		p.hold(t, in, tried{}, allowing(everywhere(t, p), "a private network, 192.168", "a private network, by datagrams", "a private network, by IPv6", "this host: its private address"))
		p.hold(t, in, tried{}, noSockets)
	})
	t.Run("unconfined", func(t *testing.T) {
		in := p.start(t, "open")
		var all []string
		for _, r := range everywhere(t, p) {
			all = append(all, r.promise)
		}
		p.hold(t, in, tried{}, allowing(everywhere(t, p), all...))
		p.hold(t, in, tried{}, noSockets)
	})
}

// interfaces reports whether this systemd holds RestrictNetworkInterfaces=.
func (p *place) interfaces(t *testing.T) bool {
	t.Helper()
	return strings.Contains(p.do(t, "systemctl --version"), "+BPF_FRAMEWORK")
}

// peerLAN is the peer's address on the bridge.
func peerLAN(t *testing.T, p *place) string {
	t.Helper()
	out, err := p.peer.Command(t.Context(), "ip", "-brief", "-4", "address", "show", "dev", "eth0").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, word := range strings.Fields(string(out)) {
		if prefix, err := netip.ParsePrefix(word); err == nil && prefix.Contains(p.LAN) {
			return prefix.Addr().String()
		}
	}
	t.Fatalf("the peer has no address beside %s: %s", p.LAN, out)
	return ""
}

// connect gives the host and its peer their addresses, and has both answer at all of them.
func connect(t *testing.T, p *place) {
	t.Helper()
	for _, network := range networks {
		p.do(t, "ip address add "+strings.Replace(network, "%", "2", 1)+" dev host0 nodad")
		out, err := p.peer.Command(t.Context(), "ip", "address", "add", strings.Replace(network, "%", "7", 1), "dev", "eth0", "nodad").CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	serve := func(enter func(func() error) error, port string, datagrams ...string) {
		t.Helper()
		err := enter(func() error {
			l, err := net.Listen("tcp", ":"+port)
			if err != nil {
				return err
			}
			t.Cleanup(func() { l.Close() })
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					conn.Close()
				}
			}()
			for _, addr := range datagrams {
				c, err := net.ListenPacket("udp", addr+":"+port)
				if err != nil {
					return err
				}
				t.Cleanup(func() { c.Close() })
				go echo(c)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	serve(p.peer.InNamespace, "7000", "198.51.100.7", "192.168.77.7")
	serve(p.InNamespace, "7001", "127.0.0.1")
	resolver(t, p)
	err := p.InNamespace(func() error {
		l, err := net.Listen("unix", "@jail")
		if err == nil {
			t.Cleanup(func() { l.Close() })
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// echo answers every datagram with itself.
func echo(c net.PacketConn) {
	buf := make([]byte, 64)
	for {
		n, from, err := c.ReadFrom(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			_, _ = c.WriteTo(buf[:n], from)
		}
	}
}

// resolver has the peer resolve names, and the host's servers ask it, and nobody else.
func resolver(t *testing.T, p *place) {
	t.Helper()
	p.write(t, "/etc/tailscale-mcp/resolv.conf", "nameserver 198.51.100.7\n", 0o644)
	p.do(t, "cp /etc/tailscale-mcp/resolv.conf /etc/resolv.conf") // for the same probe outside
	err := p.peer.InNamespace(func() error {
		c, err := net.ListenPacket("udp", "198.51.100.7:53")
		if err != nil {
			return err
		}
		t.Cleanup(func() { c.Close() })
		go func() {
			buf := make([]byte, 512)
			for {
				n, from, err := c.ReadFrom(buf)
				if err != nil {
					return
				}
				if reply := resolved(buf[:n]); reply != nil {
					_, _ = c.WriteTo(reply, from)
				}
			}
		}()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// resolved answers a question of DNS: every name is 198.51.100.7, and has no IPv6.
func resolved(question []byte) []byte {
	const header = 12
	end := header
	for end < len(question) && question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the root, the type and the class
	if end > len(question) {
		return nil
	}
	reply := append([]byte{}, question[:end]...)
	reply[2], reply[3] = 0x81, 0x80 // an answer, and no error
	copy(reply[4:header], []byte{0, 1, 0, 0, 0, 0, 0, 0})
	if question[end-4] == 0 && question[end-3] == 1 { // of type A
		reply[7] = 1
		reply = append(reply, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 51, 100, 7)
	}
	return reply
}
