// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"tailscale-mcp/internal/testbed"
)

const capability = "jaxxstorm.com/cap/mcp"

// Who is on the scene.
const (
	alice    = "alice"    // has grants, and calls all the time: the victim
	mallory  = "mallory"  // has the grant that a row says
	eve      = "eve"      // a member of the tailnet without any grant
	bob      = "bob"      // has grants, and does honest work
	sleeper  = "sleeper"  // a node whose tailscaled can be stopped
	stranger = "stranger" // on the same network as the host, and no member of the tailnet
)

// scene is the tailnet that the attacks happen on. The daemon and the fake API
// are started anew for each.
type scene struct {
	dir     string
	program string
	unit    unit
	port    int // the daemon's
	tn      *testbed.Tailnet
	server  *testbed.Node
	nodes   map[string]*testbed.Node
	behind  *behind // nil until a row has servers behind the daemon
}

func newScene(ctx context.Context, program string, u unit, userspace bool) (s *scene, err error) {
	s = &scene{unit: u, port: 8080, nodes: map[string]*testbed.Node{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.program, err = filepath.Abs(program); err != nil {
		return s, err
	}
	if _, err = os.Stat(s.program); err != nil {
		return s, fmt.Errorf("the program to attack: %w (run: make build)", err)
	}
	if s.dir, err = os.MkdirTemp("", "tailscale-mcp-abuse-"); err != nil {
		return s, err
	}
	if s.tn, err = testbed.Start(ctx, testbed.Options{Namespaces: !userspace}); err != nil {
		return s, err
	}
	nodes, err := s.tn.AddNodes(ctx,
		testbed.NodeOptions{Name: "ts-mcp", Tags: []string{"tag:mcp"}},
		testbed.NodeOptions{Name: alice, Login: "alice@example.com"},
		testbed.NodeOptions{Name: mallory, Login: "mallory@example.com"},
		testbed.NodeOptions{Name: eve, Login: "eve@example.com"},
		testbed.NodeOptions{Name: bob, Login: "bob@example.com"},
		testbed.NodeOptions{Name: sleeper, Login: "sleeper@example.com"},
		testbed.NodeOptions{Name: stranger, Login: "stranger@example.com"},
	)
	if err != nil {
		return s, err
	}
	for _, n := range nodes {
		s.nodes[n.Name] = n
	}
	s.server = nodes[0]
	if userspace {
		s.port, err = freePort()
	} else {
		err = s.estrange(ctx, s.nodes[stranger])
	}
	if err != nil {
		return s, err
	}
	for _, name := range []string{mallory, eve} {
		if err := yield(s.nodes[name].PID()); err != nil {
			return s, err
		}
	}
	return s, nil
}

// Close ends everything that was started.
func (s *scene) Close() error {
	var errs []error
	if s.behind != nil {
		errs = append(errs, s.behind.close())
	}
	if s.tn != nil {
		errs = append(errs, s.tn.Close())
	}
	if s.dir != "" {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

// target is where one calls the daemon. With userspace networking a stranger is
// any process of the host, since the daemon listens on loopback.
func (s *scene) target(who string) string {
	host := s.server.IPv4().String()
	if who == stranger && s.server.Userspace() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.Itoa(s.port))
}

// start starts an actor where it belongs.
func (s *scene) start(ctx context.Context, who string, attacker bool, p plan) (*actor, error) {
	n := s.nodes[who]
	p.Target = s.target(who)
	if n.Userspace() && who != stranger {
		p.Socket = n.Socket
	}
	return start(ctx, n, attacker, p)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// grant gives the callers what they have in a row.
func (s *scene) grant(ctx context.Context, mallorys string) error {
	const plenty = `{"tools":["*","` + decent + `/*","` + near + `/*"],"resources":["*"]}`
	give := func(value string, names ...string) testbed.Grant {
		g := testbed.Grant{Cap: capability, Values: []string{value}}
		for _, name := range names {
			g.Src = append(g.Src, s.nodes[name])
		}
		return g
	}
	return s.tn.SetGrants(ctx, s.server, give(plenty, alice, bob), give(mallorys, mallory))
}

// estrange takes a node out of the tailnet. What is left of it is a namespace on
// the same network as the host, which sends to the host's Tailscale address there.
func (s *scene) estrange(ctx context.Context, n *testbed.Node) error {
	if err := n.Stop(ctx); err != nil {
		return err
	}
	wire, err := wireAddr(s.server)
	if err != nil {
		return err
	}
	out, err := n.Command(ctx, "ip", "route", "add", s.server.IPv4().String()+"/32", "via", wire.String(), "dev", "eth0").CombinedOutput()
	if err != nil {
		return fmt.Errorf("showing the stranger the way: %w: %s", err, out)
	}
	return nil
}

// wireAddr is the node's address on the bridge, beside the tailnet.
func wireAddr(n *testbed.Node) (addr netip.Addr, err error) {
	err = n.InNamespace(func() error {
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
	if err == nil && !addr.IsValid() {
		err = errors.New("it has none")
	}
	if err != nil {
		return addr, fmt.Errorf("the address on the wire of %s: %w", n.Name, err)
	}
	return addr, nil
}

// yield gives all threads of a process, and those that they make, little of the
// processor: an attacker's tailscaled runs on the attacker's machine.
func yield(pid int) error {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/[0-9]*", pid))
	if err != nil {
		return err
	}
	for _, thread := range threads {
		id, err := strconv.Atoi(filepath.Base(thread))
		if err != nil {
			return err
		}
		if err := unix.Setpriority(unix.PRIO_PROCESS, id, 19); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("lowering the priority of a tailscaled: %w", err)
		}
	}
	return nil
}

// recovery is how long tailscaled may take to be itself again after an attack.
const recovery = 90 * time.Second

// awaitRecovery waits until the host's tailscaled answers at once and has let go
// of what the last row left it with, and returns how long that took.
func (s *scene) awaitRecovery(ctx context.Context, descriptors int) (time.Duration, error) {
	began := time.Now()
	err := await(ctx, recovery, func(ctx context.Context) error {
		asking, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
		defer cancel()
		if _, err := s.server.LocalClient().Status(asking); err != nil {
			return fmt.Errorf("tailscaled's status: %w", err)
		}
		now, err := openDescriptors(s.server.PID())
		if err == nil && now > descriptors+settled {
			err = fmt.Errorf("tailscaled has %d descriptors, %d before the attack", now, descriptors)
		}
		return err
	})
	return time.Since(began), err
}

// settled is how many descriptors more than before are nothing to wait for.
const settled = 16

// openDescriptors counts those of a process.
func openDescriptors(pid int) (int, error) {
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(entries), err
}
