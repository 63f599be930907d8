// SPDX-License-Identifier: MIT

package listen

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/coreos/go-systemd/v22/activation"
)

// SocketName is the FileDescriptorName= of tailscale-mcp.socket.
const SocketName = "mcp"

// ErrForeignSocket is in the error of Inherited when systemd passed a socket that
// is not for this service. Listening on it would serve somebody else's clients.
var ErrForeignSocket = errors.New("foreign socket")

// Inherited returns the sockets that systemd passed to this process
// (sd_listen_fds(3)), and none if it passed none. It takes LISTEN_* out of the
// environment. Any socket that is not a listening TCP socket of the name mcp is
// an error, and then all are closed.
func Inherited() ([]net.Listener, error) {
	var listeners []net.Listener
	var problems []error
	for _, file := range activation.Files(true) {
		ln, err := inherit(file)
		_ = file.Close() // ln has its own descriptor
		if err != nil {
			problems = append(problems, err)
			continue
		}
		listeners = append(listeners, ln)
	}
	if len(problems) > 0 {
		for _, ln := range listeners {
			_ = ln.Close()
		}
		return nil, errors.Join(problems...)
	}
	return listeners, nil
}

func inherit(file *os.File) (*net.TCPListener, error) {
	if file.Name() != SocketName {
		return nil, fmt.Errorf("%w: its name is %q, not %q: only tailscale-mcp.socket, with FileDescriptorName=%[3]s, may belong to this service (see: systemctl show -p Sockets tailscale-mcp.service)",
			ErrForeignSocket, file.Name(), SocketName)
	}
	ln, err := net.FileListener(file)
	if err != nil {
		return nil, fmt.Errorf("%q is not a stream socket: use ListenStream= in tailscale-mcp.socket: %w", file.Name(), err)
	}
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		_ = ln.Close()
		return nil, fmt.Errorf("%q is a %s socket, not TCP: use ListenStream=[::]:8080 in tailscale-mcp.socket", file.Name(), ln.Addr().Network())
	}
	if !accepting(tcp) {
		_ = tcp.Close()
		return nil, fmt.Errorf("%q is a connection, not a listening socket: remove Accept=yes from tailscale-mcp.socket", file.Name())
	}
	return tcp, nil
}

// TurnAway closes every connection to the sockets from systemd until ctx is done.
// It is for a service that cannot start: a connection that it left in the queue
// would have systemd start it again at once, and again.
func TurnAway(ctx context.Context) error {
	listeners, err := Inherited()
	if err != nil || len(listeners) == 0 {
		return err
	}
	var running sync.WaitGroup
	for _, ln := range listeners {
		running.Go(func() {
			for {
				c, err := ln.Accept()
				if err != nil {
					return
				}
				hangUp(c.(*net.TCPConn))
			}
		})
	}
	<-ctx.Done()
	for _, ln := range listeners {
		_ = ln.Close()
	}
	running.Wait()
	return nil
}

// assessInherited says how a listener with sockets from systemd is: where callers
// reach them, and which of them nobody can reach any more.
func assessInherited(n node, sources []*source) State {
	s := State{Phase: Up}
	var dead []string
	for _, source := range sources {
		addrs, problem := n.reach(source)
		if problem != "" {
			dead = append(dead, problem)
		}
		s.Addrs = append(s.Addrs, addrs...)
	}
	slices.SortFunc(s.Addrs, netip.AddrPort.Compare)
	s.Addrs = slices.Compact(s.Addrs)
	switch {
	case n.waiting != "":
		s.Phase, s.Detail = Waiting, n.waiting
	case len(dead) > 0:
		s.Phase, s.Detail = Degraded, strings.Join(dead, "; ")
		if len(s.Addrs) > 0 {
			s.Detail = "listening on " + join(s.Addrs) + " (socket from systemd), but " + s.Detail
		}
	default:
		s.Detail = "listening on " + join(s.Addrs) + " (socket from systemd)"
	}
	return s
}

// reach returns the addresses at which callers reach an inherited socket, or says
// why they cannot.
func (n node) reach(s *source) ([]netip.AddrPort, string) {
	const restart = "run: systemctl restart tailscale-mcp.socket tailscale-mcp.service"
	const selfBind = "run: systemctl disable --now tailscale-mcp.socket && systemctl enable --now tailscale-mcp.service"
	device, gone := boundDevice(s.ln)
	if gone {
		remedy := restart
		if n.self.Userspace {
			remedy = selfBind
		}
		return nil, fmt.Sprintf("the network device of the socket %s is gone (%s)", s.addr, remedy)
	}
	if n.self.Userspace && device != "" && device != "lo" {
		return nil, fmt.Sprintf("the socket %s is tied to the device %s, which userspace networking does not use (%s)", s.addr, device, selfBind)
	}
	var addrs []netip.AddrPort
	for _, addr := range n.wanted() {
		wildcard := s.addr.Addr().IsUnspecified() && (s.addr.Addr().Is6() || addr.Is4())
		if wildcard || s.addr.Addr() == addr {
			addrs = append(addrs, netip.AddrPortFrom(addr, s.addr.Port()))
		}
	}
	if len(addrs) == 0 && n.waiting == "" {
		return nil, fmt.Sprintf("the socket %s is at no Tailscale address of this node (change ListenStream= with: systemctl edit tailscale-mcp.socket)", s.addr)
	}
	return addrs, ""
}
