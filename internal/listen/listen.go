// SPDX-License-Identifier: MIT

// Package listen is where connections come from. Its [Listener] is one
// net.Listener over several sources:
//
//   - the sockets systemd passes in (see [Inherited]), used as they are;
//   - without them, one socket for each Tailscale address of this host;
//   - where tailscaled has no network device (userspace networking), loopback:
//     that is where tailscaled delivers what arrives for this node.
//
// It never binds a wildcard address, and it closes every connection whose local
// address is not an address of this node, or whose remote address is none that a
// peer comes from: a socket on a Tailscale address is no isolation, since Linux
// answers for all its addresses on every interface. Who the caller is, is for
// package identity to find out, which is never troubled with strangers.
//
// Imports: the standard library, go-systemd's activation, and tailscaled's client.
//
// Failure: a [Listener] never fails because of tailscaled. It waits for it,
// follows its addresses through restarts, logouts and logins, and says meanwhile
// in [State] what it is waiting for. It keeps the last known addresses while
// tailscaled is away, so that callers get an answer that says so. Before anything
// is known, connections between addresses out of Tailscale's ranges are accepted for
// that reason, and closed as soon as their address turns out not to be ours.
package listen

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
)

// Tailscaled is what is asked of the local tailscaled. A *local.Client has it.
type Tailscaled interface {
	StatusWithoutPeers(context.Context) (*ipnstate.Status, error)
	WatchIPNBus(context.Context, ipn.NotifyWatchOpt) (*local.IPNBusWatcher, error)
}

// Config says what to listen on.
type Config struct {
	Tailscaled Tailscaled
	// Port is bound on every Tailscale address when nothing is inherited; 0 lets
	// the system choose one for each address (for tests).
	Port uint16
	// Inherited are the sockets from systemd; none means: bind by itself.
	Inherited []net.Listener
	// OnChange is called after each change of the state, one call at a time. It
	// must return soon (the tailnet is not followed meanwhile) and must not call
	// Close. Nil means nobody is told.
	OnChange func(State)
	Log      *slog.Logger

	// peer reports whether a peer can have an address, for tests that have no
	// Tailscale addresses; nil is Tailscale's own ranges.
	peer func(netip.Addr) bool
}

// Listener accepts connections for this node. It implements net.Listener.
type Listener struct {
	cfg     Config
	timing  timing
	ctx     context.Context // done when the listener is closed
	stop    context.CancelFunc
	taking  context.Context // done when no more connections are taken; ends with ctx
	quiet   context.CancelFunc
	queue   chan net.Conn
	door    *door
	view    atomic.Pointer[view]
	hearing atomic.Bool  // the bus is connected
	turned  atomic.Int64 // when the follower last turned over: nanoseconds since opened
	opened  time.Time
	port    uint16 // of the inherited sockets, or 0
	running sync.WaitGroup

	followed  chan struct{}  // closed when the follower has ended
	accepting sync.WaitGroup // the sources; none is added when the follower has ended

	bound map[netip.Addr]*source // self-bound sockets; used by the follower only
}

// view is what others may see; it is replaced, never changed.
type view struct {
	state State
	self  Self
}

// Open begins to listen and to follow tailscaled. It does not wait for
// tailscaled. Close ends it. On an error the inherited sockets stay open.
func Open(cfg Config) (*Listener, error) { return open(cfg, defaultTiming) }

func open(cfg Config, timing timing) (*Listener, error) {
	if cfg.Tailscaled == nil || cfg.Log == nil {
		return nil, errors.New("opening listener: Config needs Tailscaled and Log")
	}
	l := &Listener{
		cfg:    cfg,
		timing: timing,
		queue:  make(chan net.Conn),
		door:   newDoor(cfg.Log),
		opened: time.Now(),
		bound:  make(map[netip.Addr]*source),

		followed: make(chan struct{}),
	}
	if cfg.peer != nil {
		l.door.peer = cfg.peer
	}
	var sources []*source
	for _, ln := range cfg.Inherited {
		tcp, ok := ln.(*net.TCPListener)
		if !ok {
			return nil, fmt.Errorf("opening listener: inherited socket %v is not TCP", ln)
		}
		s := &source{ln: tcp, addr: addrPort(tcp.Addr())}
		sources = append(sources, s)
		if l.port == 0 {
			l.port = s.addr.Port()
		}
	}
	l.ctx, l.stop = context.WithCancel(context.Background())
	l.taking, l.quiet = context.WithCancel(l.ctx)
	l.view.Store(&view{state: State{Phase: Waiting, Detail: "waiting for tailscaled"}})
	l.notePort()
	l.running.Go(func() { l.follow(sources) })
	return l, nil
}

// notePort tells an operator whose port setting has no effect what has.
func (l *Listener) notePort() {
	if !l.otherPort() {
		return
	}
	l.cfg.Log.LogAttrs(l.ctx, slog.LevelWarn,
		"the socket from systemd has another port than TAILSCALE_MCP_PORT, and it is the socket's port that counts: change it with 'systemctl edit tailscale-mcp.socket', or set TAILSCALE_MCP_PORT to it",
		slog.Int("socket_port", int(l.port)), slog.Int("TAILSCALE_MCP_PORT", int(l.cfg.Port)))
}

// otherPort reports that the sockets from systemd have another port than is
// configured.
func (l *Listener) otherPort() bool {
	return l.port != 0 && l.cfg.Port != 0 && l.port != l.cfg.Port
}

// Accept returns the next connection from the tailnet to an address of this node. After
// Close it returns net.ErrClosed; it returns no other error.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	default:
	}
	select {
	case c := <-l.queue:
		return c, nil
	case <-l.ctx.Done():
		return nil, net.ErrClosed
	}
}

// Quiesce takes no more connections and follows tailscaled no more. It returns when
// Accept has handed over the connections that were taken, or ctx is done. What is
// in the queue of a socket from systemd waits there for the next process. Close is
// still to be called.
func (l *Listener) Quiesce(ctx context.Context) {
	l.quiet()
	handedOver := make(chan struct{})
	go func() {
		<-l.followed
		l.accepting.Wait()
		close(handedOver)
	}()
	select {
	case <-handedOver:
	case <-ctx.Done():
	}
}

// Vacant waits until all connections that Accept has returned are closed, or ctx is
// done.
func (l *Listener) Vacant(ctx context.Context) {
	select {
	case <-l.door.empty():
	case <-ctx.Done():
	}
}

// Close stops listening and returns when all goroutines have ended. Connections
// that were accepted stay open. Further calls do nothing.
func (l *Listener) Close() error {
	l.stop()
	l.running.Wait()
	return nil
}

// Addr stands for all addresses; State has them one by one.
func (l *Listener) Addr() net.Addr { return address("tailnet") }

// State says how the listener is and what it is waiting for.
func (l *Listener) State() State { return l.view.Load().state }

// Self is this node as tailscaled last described it, also while tailscaled is
// away; the zero Self before its first answer. Its slices must not be changed.
func (l *Listener) Self() Self { return l.view.Load().self }

// Port is the TCP port callers reach this server at.
func (l *Listener) Port() uint16 {
	if l.port != 0 {
		return l.port
	}
	if l.cfg.Port == 0 {
		if addrs := l.State().Addrs; len(addrs) > 0 {
			return addrs[0].Port()
		}
	}
	return l.cfg.Port
}

// Refused counts the connections closed because of their addresses.
func (l *Listener) Refused() uint64 { return l.door.refusals() }

// address is a net.Addr for what has no socket address.
type address string

func (a address) Network() string { return "tailnet" }
func (a address) String() string  { return string(a) }

// addrPort is the address of a TCP socket; a 4-in-6 address becomes IPv4.
func addrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap().WithZone(""), ap.Port())
}
