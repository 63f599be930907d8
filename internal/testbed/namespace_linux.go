// SPDX-License-Identifier: MIT

package testbed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace without a name: it exists as long as this process, or a process started in it, does.
// Nothing of it can be left behind, not even by SIGKILL, and nothing of it shows in the machine's own network.
type namespace struct {
	file *os.File
}

// newNamespace makes an empty network namespace whose loopback is up.
func newNamespace() (*namespace, error) {
	ns := &namespace{}
	err := onOwnThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("making a network namespace: %w", err)
		}
		var err error
		ns.file, err = os.Open("/proc/thread-self/ns/net")
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := ns.ip("link set lo up"); err != nil {
		return nil, errors.Join(err, ns.close())
	}
	return ns, nil
}

// close drops this process's hold of the namespace.
func (ns *namespace) close() error { return ns.file.Close() }

// path names the namespace for other programs, while this process lives: nsenter --net=PATH.
func (ns *namespace) path() string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), ns.file.Fd())
}

// do runs f on a thread that is in the namespace. Sockets made there belong to the namespace for good, and so do
// processes started there. It holds for f's own goroutine only.
func (ns *namespace) do(f func() error) error {
	return onOwnThread(func() error {
		if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("entering a network namespace: %w", err)
		}
		return f()
	})
}

// onOwnThread runs f, which may change the network namespace of its thread, and puts the thread back where it was. A
// thread that cannot be put back is given up.
func onOwnThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		err := errors.New("the function ended its goroutine") // as testing.T.FailNow does
		defer func() { done <- err }()
		runtime.LockOSThread()
		home, openErr := os.Open("/proc/thread-self/ns/net")
		if openErr != nil {
			runtime.UnlockOSThread()
			err = fmt.Errorf("opening the thread's network namespace: %w", openErr)
			return
		}
		defer func() {
			if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
				runtime.UnlockOSThread()
			}
			home.Close()
		}()
		err = f()
	}()
	return <-done
}

// ip runs a batch of ip(8) commands in the namespace.
func (ns *namespace) ip(commands ...string) error {
	var output bytes.Buffer
	cmd := exec.CommandContext(context.Background(), "ip", "-batch", "-") // takes milliseconds
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n") + "\n")
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := ns.do(cmd.Start); err != nil {
		return fmt.Errorf("running ip: %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("running ip with %q: %w: %s", commands, err, bytes.TrimSpace(output.Bytes()))
	}
	return nil
}

// wantingRoute reports why a connection to an address would not come from the given one. Nothing is sent.
func (ns *namespace) wantingRoute(from, to netip.Addr) error {
	return ns.do(func() error {
		conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(to, 9)))
		if err != nil {
			return err
		}
		defer conn.Close()
		if got := portless(conn.LocalAddr()); got != from {
			return fmt.Errorf("connections to %v would come from %v, want %v", to, got, from)
		}
		return nil
	})
}

func portless(a net.Addr) netip.Addr {
	return netip.MustParseAddrPort(a.String()).Addr().WithZone("").Unmap()
}

// hub is the namespace between the others: a bridge, and nothing beyond it. The control server and the relay are at
// its address.
type hub struct {
	*namespace
	given int // addresses given out
}

// nextAddr returns an address on the bridge that was not given out before.
func (h *hub) nextAddr() netip.Addr {
	h.given++
	number := 1 + h.given // the first is the bridge's
	return netip.AddrFrom4([4]byte{10, 213, byte(number >> 8), byte(number)})
}

func newHub() (*hub, error) {
	ns, err := newNamespace()
	if err != nil {
		return nil, err
	}
	err = ns.ip(
		"link add "+bridgeName+" type bridge",
		"address add "+netip.PrefixFrom(hubAddr, hubBits).String()+" dev "+bridgeName,
		"link set "+bridgeName+" up",
	)
	if err != nil {
		return nil, errors.Join(err, ns.close())
	}
	return &hub{namespace: ns}, nil
}

// plug makes a namespace that is connected to the bridge.
func (h *hub) plug() (*namespace, error) {
	ns, err := newNamespace()
	if err != nil {
		return nil, err
	}
	addr := netip.PrefixFrom(h.nextAddr(), hubBits)
	port := fmt.Sprintf("port%d", h.given)
	err = errors.Join(
		h.ip(
			"link add "+port+" type veth peer name eth0 netns "+ns.path(),
			"link set "+port+" master "+bridgeName+" up",
		),
		ns.ip(
			"address add "+addr.String()+" dev eth0",
			"link set eth0 up",
			"route add default via "+hubAddr.String(),
		),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connecting a network namespace: %w", err), ns.close())
	}
	return ns, nil
}

// hasIPv6 reports whether new network namespaces speak IPv6.
func hasIPv6() bool {
	_, err := os.Stat("/proc/sys/net/ipv6")
	return err == nil
}

// NamespacesError reports why Options.Namespaces cannot be had on this machine, nil when it can: it needs Linux, root
// (CAP_NET_ADMIN and CAP_SYS_ADMIN), /dev/net/tun, ip(8) and nsenter(1).
func NamespacesError() error {
	if os.Geteuid() != 0 {
		return errors.New("network namespaces need root")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		return fmt.Errorf("namespaced nodes need a TUN device: %w", err)
	}
	for _, program := range []string{"ip", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Errorf("network namespaces need iproute2 and util-linux: %w", err)
		}
	}
	ns, err := newNamespace()
	if err != nil {
		return err
	}
	return ns.close()
}
