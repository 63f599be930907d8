// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"tailscale-mcp/internal/testbed"
)

// The tests of this file have network namespaces with real Tailscale addresses.
// They need root.

// rootPort is the daemon's port: nobody else is in its namespace.
const rootPort = 8080

var namespaces = testbed.Options{Namespaces: true}

func TestRootFollowsTailscaled(t *testing.T) {
	testbed.RequireNamespaces(t)
	followsTailscaled(t, namespaces, rootPort, ":0")
}

func TestRootFollowsGrants(t *testing.T) {
	testbed.RequireNamespaces(t)
	t.Parallel() // it mostly waits
	followsGrants(t, namespaces, rootPort)
}

// TestRootBindsTailscaleAddresses: both of them and nothing else, whoever they
// come from.
func TestRootBindsTailscaleAddresses(t *testing.T) {
	testbed.RequireNamespaces(t)
	ctx := t.Context()
	tn, server, alice, _ := newTailnet(t, namespaces)
	if err := tn.SetGrants(ctx, server, grantAll(alice)); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, server, setup{port: rootPort})
	d.told.mustSay(t, fmt.Sprintf("listening on %s:%d, [%s]:%[2]d", server.IPv4(), rootPort, server.IPv6()))
	hers := alice.HTTPClient()
	for _, at := range []struct{ to, from netip.Addr }{{server.IPv4(), alice.IPv4()}, {server.IPv6(), alice.IPv6()}} {
		mustAnswer(t, hers, base(at.to), func(who attested) error {
			if who.Address != at.from.String() {
				return fmt.Errorf("whoami: got the address %s, want %s", who.Address, at.from)
			}
			return as("alice@example.com")(who)
		})
		if status, word, err := askHealth(ctx, hers, fmt.Sprintf("%s:%d", bracketed(at.to), rootPort)); err != nil || status != http.StatusOK || word != "up" {
			t.Errorf("/healthz at %s: got %d %q (error: %v), want 200 up", at.to, status, word, err)
		}
	}

	wire := wireAddr(t, server)
	mustNotConnect(t, alice, wire)
	mustNotConnect(t, server, netip.MustParseAddr("127.0.0.1"))
	mustNotConnect(t, server, netip.IPv6Loopback())

	// Linux answers for all its addresses on every interface: a neighbour on the
	// wire can send to the Tailscale address, and is turned away at the door.
	if out, err := alice.Command(ctx, "ip", "route", "add", server.IPv4().String()+"/32", "via", wire.String(), "dev", "eth0").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	neighbour := overDevice(t, alice, "eth0")
	if a, err := call(ctx, neighbour, base(server.IPv4()), "whoami", nil); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a neighbour on the wire: got %d %s (error: %v), want the connection closed", a.status, a.body, err)
	}
	mustAnswer(t, hers, base(server.IPv4()), as("alice@example.com"))

	// Another address: the daemon is there soon, and no longer at the old one.
	old, another := server.IPv4(), netip.MustParseAddr("100.64.9.9")
	if err := tn.SetAddress(ctx, server, another); err != nil {
		t.Fatal(err)
	}
	took := mustAnswer(t, hers, base(another), as("alice@example.com"))
	t.Logf("served at another address %s after everybody knew it", ms(took))
	if took > within {
		t.Errorf("served at another address after %s, want at most %s", took, within)
	}
	mustAnswer(t, hers, base(server.IPv6()), as("alice@example.com"))
	mustNotConnect(t, server, old)
}

// TestRootRefusesItself: dialing one's own Tailscale address takes no privilege.
func TestRootRefusesItself(t *testing.T) {
	testbed.RequireNamespaces(t)
	tn, server, _, _ := newTailnet(t, namespaces)
	if err := tn.SetGrants(t.Context(), server, grantAll()); err != nil {
		t.Fatal(err)
	}
	for _, allowed := range []bool{false, true} {
		t.Run(fmt.Sprintf("TAILSCALE_MCP_ALLOW_SELF=%v", allowed), func(t *testing.T) {
			d := startDaemon(t, server, setup{port: rootPort, env: []string{fmt.Sprintf("TAILSCALE_MCP_ALLOW_SELF=%v", allowed)}})
			d.told.mustSay(t, "listening on")
			mustTreatSelf(t, server, base(server.IPv4()), allowed)
			mustTreatSelf(t, server, base(server.IPv6()), allowed)
			d.terminate(t)
			if code := d.end(t); code != 0 {
				t.Errorf("exit code: got %d, want 0", code)
			}
		})
	}
}

// TestRootAddressChangesHands: an address that another node gets does not make
// that node its former owner, but for the second that an answer may be old.
func TestRootAddressChangesHands(t *testing.T) {
	testbed.RequireNamespaces(t)
	ctx := t.Context()
	tn, server, alice, rest := newTailnet(t, namespaces, testbed.NodeOptions{Name: "bob", Login: "bob@example.com"})
	bob := rest[0]
	if err := tn.SetGrants(ctx, server, grantAll(alice, bob)); err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, server, setup{port: rootPort})
	d.told.mustSay(t, "listening on")
	hers, his := alice.HTTPClient(), bob.HTTPClient()
	mustAnswer(t, hers, base(server.IPv4()), as("alice@example.com"))
	mustAnswer(t, his, base(server.IPv4()), as("bob@example.com"))

	former := alice.IPv4()
	if err := tn.SetAddress(ctx, alice, netip.MustParseAddr("100.64.9.1")); err != nil {
		t.Fatal(err)
	}
	mustAnswer(t, hers, base(server.IPv4()), as("alice@example.com"))
	if err := tn.SetAddress(ctx, bob, former); err != nil {
		t.Fatal(err)
	}
	known := time.Now()
	person := watchCaller(t, every, func(int) (*http.Client, string) { return his, base(server.IPv4()) })
	await(t, patience, func() error {
		_, err := person.recovered(known.Add(time.Second))
		return err
	})
	for _, a := range person.since(known) {
		if a.err != nil {
			continue
		}
		who, err := a.whoami()
		old := a.began.Sub(known)
		if err != nil || who.Login != "bob@example.com" && (who.Login != "alice@example.com" || old > time.Second) {
			t.Errorf("%s after bob had alice's address: %s (%v)", ms(old), a, err)
		}
	}
}

// TestRootInheritedSocket: a socket from systemd, tied to tailscale0 as
// tailscale-mcp.socket has it.
func TestRootInheritedSocket(t *testing.T) {
	testbed.RequireNamespaces(t)
	ctx := t.Context()
	tn, server, alice, _ := newTailnet(t, namespaces)
	if err := tn.SetGrants(ctx, server, grantAll(alice)); err != nil {
		t.Fatal(err)
	}
	d := startActivated(t, server, "tailscale0")
	d.told.mustSay(t, "(socket from systemd)")
	hers := alice.HTTPClient()
	for _, addr := range []netip.Addr{server.IPv4(), server.IPv6()} {
		mustAnswer(t, hers, base(addr), as("alice@example.com"))
	}
	mustNotConnect(t, alice, wireAddr(t, server))
	mustTreatSelf(t, server, base(server.IPv4()), false) // the device does not keep it out

	// The device goes with tailscaled, and the one that comes back is another:
	// only systemd can mend the socket, and whoever looks is told so.
	if err := inTurn(server.Stop, server.Start)(ctx); err != nil {
		t.Fatal(err)
	}
	d.told.mustSay(t, "is gone (run: systemctl restart tailscale-mcp.socket tailscale-mcp.service)")
	d.terminate(t)
	if code := d.end(t); code != 0 {
		t.Errorf("exit code: got %d, want 0", code)
	}
	d = startActivated(t, server, "tailscale0")
	d.told.mustSay(t, "(socket from systemd)")
	mustAnswer(t, hers, base(server.IPv4()), as("alice@example.com"))
}

// TestRootInheritedWildcard: a socket from systemd that is tied to nothing. What
// comes in for another address than Tailscale's is not served; and while
// tailscaled does not answer, callers are told to come back.
func TestRootInheritedWildcard(t *testing.T) {
	testbed.RequireNamespaces(t)
	ctx := t.Context()
	_, server, alice, _ := newTailnet(t, namespaces)
	hang := func(sig syscall.Signal) {
		t.Helper()
		if err := syscall.Kill(server.PID(), sig); err != nil {
			t.Fatal(err)
		}
	}
	hang(syscall.SIGSTOP)
	d := startActivated(t, server, "")
	d.told.mustSay(t, "waiting for tailscaled: it does not answer")
	// tailscaled has to carry what comes from other nodes; the host itself is
	// still there.
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	own := server.HTTPClient()
	a, err := call(patient, own, base(server.IPv4()), "whoami", nil)
	if err != nil || a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("a call while tailscaled hangs: got %d %s (error: %v), want 503 with Retry-After", a.status, a.body, err)
	}
	if status, word, err := askHealth(ctx, own, fmt.Sprintf("%s:%d", server.IPv4(), rootPort)); err != nil || status != http.StatusServiceUnavailable || word != "waiting" {
		t.Errorf("/healthz while tailscaled hangs: got %d %q (error: %v), want 503 waiting", status, word, err)
	}
	wire := wireAddr(t, server)
	mustNotServe(t, alice, wire)

	hang(syscall.SIGCONT)
	d.told.mustSay(t, "(socket from systemd)")
	mustAnswer(t, alice.HTTPClient(), base(server.IPv4()), as("alice@example.com"))
	mustAnswer(t, alice.HTTPClient(), base(server.IPv6()), as("alice@example.com"))
	mustTreatSelf(t, server, base(server.IPv4()), false)
	mustNotServe(t, alice, wire)
	mustNotServe(t, server, netip.MustParseAddr("127.0.0.1"))
}

// startActivated starts the daemon with the listening socket [::]:8080, tied to a
// device if there is one, as systemd does.
func startActivated(t *testing.T, n *testbed.Node, device string) *daemon {
	t.Helper()
	var ln net.Listener
	err := n.InNamespace(func() (err error) {
		lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
			if device == "" {
				return nil
			}
			return bindToDevice(raw, device)
		}}
		ln, err = lc.Listen(t.Context(), "tcp", fmt.Sprintf("[::]:%d", rootPort))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	socket, err := ln.(*net.TCPListener).File()
	_ = ln.Close()
	if err != nil {
		t.Fatal(err)
	}
	d := startDaemon(t, n, setup{
		name: activated,
		env:  []string{"LISTEN_FDS=1", "LISTEN_FDNAMES=mcp"},
		fds:  []*os.File{socket},
		port: rootPort,
	})
	_ = socket.Close() // the daemon has it
	return d
}

func bindToDevice(raw syscall.RawConn, device string) error {
	var bound error
	if err := raw.Control(func(fd uintptr) {
		bound = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, device)
	}); err != nil {
		return err
	}
	return bound
}

// overDevice is a client on the node whose connections leave by a device.
func overDevice(t *testing.T, n *testbed.Node, device string) *http.Client {
	tr := &http.Transport{DialContext: func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		err = n.InNamespace(func() (err error) {
			d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error { return bindToDevice(raw, device) }}
			conn, err = d.DialContext(ctx, network, address)
			return err
		})
		return conn, err
	}}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, Timeout: patience}
}

// wireAddr is the node's address on the bridge, beside the tailnet.
func wireAddr(t *testing.T, n *testbed.Node) (addr netip.Addr) {
	t.Helper()
	err := n.InNamespace(func() error {
		eth0, err := net.InterfaceByName("eth0")
		if err != nil {
			return err
		}
		addrs, err := eth0.Addrs()
		for _, a := range addrs {
			if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() {
				addr = p.Addr()
			}
		}
		return err
	})
	if err != nil || !addr.IsValid() {
		t.Fatalf("the address on the wire of %s: %v %v", n.Name, addr, err)
	}
	return addr
}

func bracketed(addr netip.Addr) string {
	if addr.Is6() {
		return "[" + addr.String() + "]"
	}
	return addr.String()
}

func base(addr netip.Addr) string { return fmt.Sprintf("http://%s:%d", bracketed(addr), rootPort) }

// mustNotConnect wants that nothing listens there.
func mustNotConnect(t *testing.T, from *testbed.Node, addr netip.Addr) {
	t.Helper()
	await(t, within, func() error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		conn, err := from.Dial(ctx, "tcp", fmt.Sprintf("%s:%d", bracketed(addr), rootPort))
		if err != nil {
			return nil
		}
		_ = conn.Close()
		return fmt.Errorf("connected to %s from %s", addr, from.Name)
	})
}

// mustNotServe wants that a connection there is closed without an answer.
func mustNotServe(t *testing.T, from *testbed.Node, addr netip.Addr) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c := from.HTTPClient()
	defer c.CloseIdleConnections()
	at := fmt.Sprintf("%s:%d", bracketed(addr), rootPort)
	if status, word, err := askHealth(ctx, c, at); err == nil {
		t.Errorf("/healthz at %s: got %d %q, want no answer", at, status, word)
	}
	if a, err := call(ctx, c, "http://"+at, "whoami", nil); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call to %s: got %d %s (error: %v), want no answer", at, a.status, a.body, err)
	}
}
