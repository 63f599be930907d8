// SPDX-License-Identifier: MIT

package listen

import (
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"tailscale.com/net/tsaddr"
)

// The tests of this file run in a network namespace of their own, where there are
// real Tailscale addresses and devices that come and go. TestRootInNamespace starts
// this binary there once more; the other tests are skipped outside.

const namespaceVariable = "LISTEN_TEST_NAMESPACE"

func TestRootInNamespace(t *testing.T) {
	if os.Getenv(namespaceVariable) != "" {
		t.Skip("this is the process inside")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		skip(t, "needs the ip command: "+err.Error())
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNamespace", "-test.v", "-test.timeout=5m")
	cmd.Env = append(os.Environ(), namespaceVariable+"=1", "GORACE=atexit_sleep_ms=0")
	// A user namespace too: then root is needed on few systems only.
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWNET | syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	output, err := cmd.CombinedOutput()
	if _, started := err.(*exec.ExitError); err != nil && !started {
		skip(t, "needs root or user namespaces: "+err.Error())
	}
	if err != nil || strings.Count(string(output), "\n--- PASS: TestNamespace") != 5 {
		t.Errorf("%v\n%s", err, output)
	}
	if testing.Verbose() {
		t.Logf("inside:\n%s", output)
	}
}

func skip(t *testing.T, why string) {
	t.Helper()
	if os.Getenv("TEST_REQUIRE_ROOT") == "1" {
		t.Fatal(why)
	}
	t.Skip("skipped: " + why)
}

func inside(t *testing.T) {
	t.Helper()
	if os.Getenv(namespaceVariable) == "" {
		t.Skip("runs in the namespace of TestRootInNamespace")
	}
	ip(t, "link set lo up")
}

func ip(t *testing.T, arguments string) {
	t.Helper()
	// Not t.Context: this is called from cleanups too.
	if output, err := exec.CommandContext(context.Background(), "ip", strings.Fields(arguments)...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", arguments, err, output)
	}
}

// veth makes a device that is up, to be deleted by its name.
func veth(t *testing.T, name string) {
	t.Helper()
	ip(t, "link add "+name+" type veth peer name peer0")
	ip(t, "link set "+name+" up")
}

// tailscaled says that it runs before its device has the addresses.
func TestNamespaceAddressComesLate(t *testing.T) {
	inside(t)
	fake := newTailscaled(t, up("100.64.0.1", "fd7a:115c:a1e0::1")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, patient)
	h.becomes(Waiting, "this host has no address 100.64.0.1 yet")
	ip(t, "address add 100.64.0.1/32 dev lo")
	ip(t, "address add fd7a:115c:a1e0::1/128 dev lo")
	for _, addr := range h.serves("100.64.0.1", "fd7a:115c:a1e0::1").Addrs {
		h.answers(addr)
	}
}

// The device of a tailscaled that restarts goes and comes back; a socket on its
// address survives that.
func TestNamespaceDeviceComesBack(t *testing.T) {
	inside(t)
	attach := func() {
		veth(t, "tailscale0")
		ip(t, "address add 100.64.0.2/32 dev tailscale0")
	}
	attach()
	t.Cleanup(func() { ip(t, "link del tailscale0") })
	fake := newTailscaled(t, up("100.64.0.2")).start()
	h := listening(t, Config{Tailscaled: fake.client()}, busOnly)
	addr := h.serves("100.64.0.2").Addrs[0]
	fake.stop()
	ip(t, "link del tailscale0")
	h.becomes(Waiting, "waiting for tailscaled")
	attach()
	fake.start()
	if got := h.serves("100.64.0.2").Addrs[0]; got != addr {
		t.Errorf("got %s, want the socket that was there, %s", got, addr)
	}
	h.answers(addr)
}

// Before tailscaled has said anything, callers of a Tailscale address get through
// to be told so, and nobody else does; what it says then is applied to them.
func TestNamespaceNothingKnownYet(t *testing.T) {
	inside(t)
	ip(t, "address add 100.64.0.3/32 dev lo")
	ip(t, "address add 100.64.0.4/32 dev lo")
	ln := inherited(t, "tcp", "[::]:0")
	port := addrPort(ln.Addr()).Port()
	at := func(addr string) netip.AddrPort { return netip.AddrPortFrom(netip.MustParseAddr(addr), port) }
	fake := newTailscaled(t, up("100.64.0.4"))
	h := listening(t, Config{Tailscaled: fake.client(), Inherited: []net.Listener{ln}}, busOnly)
	h.becomes(Waiting, "waiting for tailscaled: it is not running")
	h.answers(at("100.64.0.3"))
	if _, err := get(at("127.0.0.1")); err == nil {
		t.Error("got an answer at a loopback address")
	}
	early, err := net.Dial("tcp", at("100.64.0.3").String())
	if err != nil {
		t.Fatal(err)
	}
	defer early.Close()
	eventually(t, "the early connection to be let in", func() bool {
		h.door.mu.Lock()
		defer h.door.mu.Unlock()
		return len(h.door.inside) == 1
	})
	fake.start()
	h.serves("100.64.0.4")
	if _, err := ask(early); err == nil {
		t.Error("got an answer at an address that turned out not to be this node's")
	}
	h.answers(at("100.64.0.4"))
	if _, err := get(at("100.64.0.3")); err == nil {
		t.Error("got an answer at an address that is not this node's")
	}
}

// Linux answers for the Tailscale address on every interface: a neighbour that has
// a route to it gets as far as the door.
func TestNamespaceNeighbour(t *testing.T) {
	inside(t)
	ip(t, "address add 100.64.0.6/32 dev lo")
	ip(t, "address add 192.168.77.9/32 dev lo") // the neighbour's
	fake := newTailscaled(t, up("100.64.0.6")).start()
	h := listening(t, Config{Tailscaled: fake.client(), peer: tsaddr.IsTailscaleIP}, busOnly)
	addr := h.serves("100.64.0.6").Addrs[0]
	for _, from := range []string{"192.168.77.9", "127.0.0.1"} {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		before := h.Refused()
		if c, err := dialer.DialContext(t.Context(), "tcp", addr.String()); err == nil {
			if _, err := ask(c); err == nil {
				t.Errorf("got an answer from %s", from)
			}
			c.Close()
		}
		eventually(t, "the refusal to be counted", func() bool { return h.Refused() == before+1 })
	}
	h.answers(addr)
}

// A socket unit's BindToDevice= outlives its device as a socket that hears nothing.
func TestNamespaceDeadDevice(t *testing.T) {
	inside(t)
	veth(t, "tailscale0")
	ip(t, "address add 100.64.0.5/32 dev tailscale0")
	lc := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		var bound error
		err := raw.Control(func(fd uintptr) {
			bound = unix.SetsockoptString(int(fd), unix.SOL_SOCKET, unix.SO_BINDTODEVICE, "tailscale0")
		})
		if err != nil {
			return err
		}
		return bound
	}}
	ln, err := lc.Listen(t.Context(), "tcp", "[::]:0")
	if err != nil {
		t.Fatal(err)
	}
	fake := newTailscaled(t, up("100.64.0.5")).start()
	h := listening(t, Config{Tailscaled: fake.client(), Inherited: []net.Listener{ln}}, busOnly)
	h.answers(h.serves("100.64.0.5").Addrs[0])
	fake.set(userspace("100.64.0.5"))
	h.becomes(Degraded, "the socket [::]:"+portOf(ln)+" is tied to the device tailscale0, which userspace networking does not use")
	ip(t, "link del tailscale0")
	fake.set(up("100.64.0.5"))
	h.becomes(Degraded, "the network device of the socket [::]:"+portOf(ln)+" is gone (run: systemctl restart")
}

func portOf(ln net.Listener) string {
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}
