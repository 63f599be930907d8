// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os/exec"
	"strconv"
	"strings"
)

// Dial connects from the node to an address in the tailnet. The host is a Tailscale address, a node's name or a MagicDNS
// name. From a namespaced node it is a socket of the kernel's; from a userspace node the connection goes through its
// tailscaled.
func (n *Node) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("dialing from %s: %w", n.Name, err)
	}
	if n.ns == nil {
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("dialing %s from %s: %w", address, n.Name, err)
		}
		conn, err := n.client.UserDial(ctx, network, host, uint16(number))
		if err != nil {
			return nil, fmt.Errorf("dialing %s from %s: %w", address, n.Name, err)
		}
		return conn, nil
	}
	ip, err := n.tn.resolve(host)
	if err != nil {
		return nil, fmt.Errorf("dialing %s from %s: %w", address, n.Name, err)
	}
	var conn net.Conn
	err = n.InNamespace(func() (err error) {
		var d net.Dialer
		// An IP address, not a name: the dialer would try a name's addresses on goroutines of its own.
		conn, err = d.DialContext(ctx, network, net.JoinHostPort(ip.String(), port))
		return err
	})
	return conn, err
}

// resolve finds the IPv4 address of a node's name or MagicDNS name.
func (tn *Tailnet) resolve(host string) (netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip, nil
	}
	c := tn.control
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.byNameLocked(strings.TrimSuffix(strings.TrimSuffix(strings.ToLower(host), "."), "."+c.domain))
	if m == nil {
		return netip.Addr{}, fmt.Errorf("no node is called %q", host)
	}
	return m.addr4, nil
}

// HTTPClient is an HTTP client on the node. It uses no proxy. Tailnet.Close closes its idle connections.
func (n *Node) HTTPClient() *http.Client {
	tr := &http.Transport{DialContext: n.Dial}
	n.mu.Lock()
	n.transports = append(n.transports, tr)
	n.mu.Unlock()
	return &http.Client{Transport: tr}
}

// Listen listens on the node. On a namespaced node the host of address is empty, or one of the node's own addresses. On a
// userspace node it must be 127.0.0.1, the only place where connections arrive; this machine's other programs, and its
// other userspace nodes, share it.
func (n *Node) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	var ln net.Listener
	err := n.InNamespace(func() (err error) {
		var lc net.ListenConfig
		ln, err = lc.Listen(ctx, network, address)
		return err
	})
	return ln, err
}

// InNamespace runs f where the node's network is: sockets that f opens, and processes that it starts, are the node's and
// stay so. This holds for the goroutine that f runs on, not for others that it starts. On a userspace node it just calls
// f.
func (n *Node) InNamespace(f func() error) error {
	if n.ns == nil {
		return f()
	}
	return n.ns.do(f)
}

// NamespacePath names the node's network namespace for other programs, as in nsenter --net=PATH, for as long as the
// tailnet is open. It is "" for a userspace node.
func (n *Node) NamespacePath() string {
	if n.ns == nil {
		return ""
	}
	return n.ns.path()
}

// Command is exec.CommandContext for a program that runs on the node's network.
func (n *Node) Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	if n.ns == nil {
		return exec.CommandContext(ctx, name, args...)
	}
	return exec.CommandContext(ctx, "nsenter", append([]string{"--net=" + n.ns.path(), "--", name}, args...)...)
}
