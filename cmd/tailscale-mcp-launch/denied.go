// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"net/netip"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"tailscale-mcp/internal/upstream/entry"
)

// errNotDenied is why a server is not started whose network is not held to what its entry
// says. systemd takes IPAddressDeny= and PrivateNetwork= also where the host cannot hold
// them, and says so in its log only.
var errNotDenied = errors.New(`this host does not hold servers to their network: it needs control groups of version 2 and BPF for IPAddressDeny=, and namespaces for PrivateNetwork=; in a container, allow it these; or write "network": "unconfined" if the whole network of the host is meant`)

// denied reports whether this process, and so the server that it starts, is held to a
// network. It asks the kernel, by datagrams to this host that nobody gets.
func denied(n entry.Network) error {
	switch {
	case n.Unconfined:
		return nil
	case n.None():
		return alone("/proc/self/net/dev")
	}
	for _, to := range elsewhere(n) {
		switch err := send(to); {
		case errors.Is(err, unix.EPERM):
			return nil
		case err == nil:
			return errNotDenied
		}
		// There is no way to it, which tells nothing.
	}
	return nil
}

// elsewhere are addresses that a network leaves out: of this host, and, where it has all
// of these, of networks that nobody has.
func elsewhere(n entry.Network) (all []netip.Addr) {
	for _, text := range []string{"127.0.0.1", "::1", "192.0.2.1", "2001:db8::1"} {
		addr, listed := netip.MustParseAddr(text), false
		for _, prefix := range n.Listed {
			listed = listed || prefix.Contains(addr)
		}
		if !listed && (!n.Internet || addr.IsLoopback()) {
			all = append(all, addr)
		}
	}
	return all
}

// send sends a datagram. What may not leave is refused at once.
func send(to netip.Addr) error {
	family, discard := unix.AF_INET6, unix.Sockaddr(&unix.SockaddrInet6{Port: 9, Addr: to.As16()})
	if to.Is4() {
		family, discard = unix.AF_INET, &unix.SockaddrInet4{Port: 9, Addr: to.As4()}
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return unix.EAFNOSUPPORT // whatever it is: it says nothing of the address
	}
	defer func() { _ = unix.Close(fd) }()
	return unix.Sendto(fd, []byte{0}, 0, discard)
}

// alone wants no interface but the loopback of a network of one's own. A process that may
// make no socket cannot use any.
func alone(interfaces string) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	_ = unix.Close(fd)
	text, err := os.ReadFile(interfaces)
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		if name, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && name != "lo" {
			return errNotDenied
		}
	}
	return nil
}
