// SPDX-License-Identifier: MIT

package listen

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
)

// rebind makes the self-bound sockets those that node wants, and returns what
// could not be bound and why. While tailscaled is away or switched off nothing
// new is bound: its addresses do not exist then.
func (l *Listener) rebind(n node) map[netip.Addr]error {
	wanted := n.wanted()
	if !n.known && !n.self.Userspace {
		wanted = nil
	}
	for addr, s := range l.bound {
		if !slices.Contains(wanted, addr) {
			s.close()
			delete(l.bound, addr)
		}
	}
	if n.waiting != "" && !n.self.Userspace {
		return nil
	}
	failed := make(map[netip.Addr]error)
	for _, addr := range wanted {
		if l.bound[addr] != nil {
			continue
		}
		s, err := l.bind(addr)
		switch {
		case err == nil:
			l.bound[addr] = s
			l.start(s)
		case addr == netip.IPv6Loopback() && n.self.Userspace && absent(err):
			// A host without IPv6 has no IPv6 peers either.
		default:
			failed[addr] = err
		}
	}
	return failed
}

func (l *Listener) bind(addr netip.Addr) (*source, error) {
	var lc net.ListenConfig
	// Multipath TCP would let a connection go on over paths other than the tailnet.
	lc.SetMultipathTCP(false)
	network := "tcp4"
	if addr.Is6() {
		network = "tcp6"
	}
	ln, err := lc.Listen(l.ctx, network, netip.AddrPortFrom(addr, l.cfg.Port).String())
	if err != nil {
		return nil, err
	}
	return &source{ln: ln.(*net.TCPListener), addr: addrPort(ln.Addr())}, nil
}

// absent reports that the system does not have the address, or its family.
func absent(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}

// assess says how a listener is that binds by itself.
func (l *Listener) assess(n node, failed map[netip.Addr]error) State {
	s := State{Phase: Up}
	for _, source := range l.bound {
		s.Addrs = append(s.Addrs, source.addr)
	}
	slices.SortFunc(s.Addrs, netip.AddrPort.Compare)
	switch {
	case n.waiting != "":
		s.Phase, s.Detail = Waiting, n.waiting
	case len(failed) == 0:
		s.Detail = "listening on " + join(s.Addrs)
	default:
		s.Phase = Degraded
		coming, spare := true, true
		var reasons []string
		for _, addr := range slices.SortedFunc(maps.Keys(failed), netip.Addr.Compare) {
			coming = coming && errors.Is(failed[addr], syscall.EADDRNOTAVAIL)
			spare = spare && addr.Is6() && absent(failed[addr])
			reasons = append(reasons, l.bindProblem(addr, failed[addr]))
		}
		s.Detail = strings.Join(reasons, "; ")
		if len(s.Addrs) > 0 {
			s.Detail = "listening on " + join(s.Addrs) + ", but " + s.Detail
		}
		switch {
		case coming && len(s.Addrs) == 0:
			s.Phase = Waiting // tailscaled is about to give the address to its device
		case spare && len(s.Addrs) > 0:
			s.Phase = Up // a tailnet gives every node an IPv6 address, hosts without IPv6 too
		}
	}
	return s
}

// bindProblem says for people why an address is not served and what to do.
func (l *Listener) bindProblem(addr netip.Addr, err error) string {
	at := netip.AddrPortFrom(addr, l.cfg.Port)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("%s is in use by another program (see: ss -ltnp 'sport = :%d'; or set TAILSCALE_MCP_PORT to a free port)", at, l.cfg.Port)
	case errors.Is(err, syscall.EACCES):
		return fmt.Sprintf("this user may not bind %s (set TAILSCALE_MCP_PORT to a port from 1024 on)", at)
	case errors.Is(err, syscall.EAFNOSUPPORT):
		return fmt.Sprintf("this host, or the sandbox of the service, does not allow the address family of %s", addr)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("this host has no address %s yet (if that lasts: does the service run with PrivateNetwork=yes?)", addr)
	}
	return fmt.Sprintf("binding %s: %v", at, cmp.Or(errors.Unwrap(err), err))
}

func join(addrs []netip.AddrPort) string {
	var texts []string
	for _, addr := range addrs {
		texts = append(texts, addr.String())
	}
	return strings.Join(texts, ", ")
}
