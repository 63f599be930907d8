// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"tailscale.com/tailcfg"
)

const (
	// DefaultDomain is the tailnet's MagicDNS suffix where Options do not say otherwise.
	DefaultDomain = "example.ts.net"

	// DefaultLogin is whom a node belongs to that has neither a user nor tags.
	DefaultLogin = "owner@example.com"
)

// Options are what a tailnet is made with. The zero value is a tailnet of userspace nodes that needs no privilege.
type Options struct {
	// Domain is the MagicDNS suffix; DefaultDomain when empty.
	Domain string

	// DNS is what nodes are told about DNS; nil is MagicDNS alone. They do not accept it, since the machine's resolver is
	// not ours to change, and yet it is their configuration.
	DNS *tailcfg.DNSConfig

	// Namespaces gives every node a network namespace of its own, with a TUN device and real 100.64/10 and fd7a:
	// addresses, connected by a bridge. It needs root; see NamespacesError. Nodes without a namespace remain possible.
	Namespaces bool

	// Tailscaled is the tailscaled to run. When empty it is the one that UseInstalled finds, or the one that Daemon
	// builds.
	Tailscaled string

	// UseInstalled prefers a tailscaled that is installed on the machine, of whatever version, to building one.
	UseInstalled bool

	// Progress is told about a build, which takes minutes the first time; os.Stderr when nil.
	Progress io.Writer

	// Logf gets the control server's messages; nil discards them. What the daemons say is in Node.Log.
	Logf func(format string, args ...any)
}

// Tailnet is a running tailnet: its servers and its nodes. Its methods may be called from several goroutines.
type Tailnet struct {
	opts       Options
	dir        string
	tailscaled string
	control    *control
	servers    *servers
	trap       *trap
	loopback   *face
	bridge     *face // nil without namespaces
	hub        *hub  // nil without namespaces

	mu    sync.Mutex
	nodes []*Node

	closing  sync.Once
	closeErr error
}

// Start makes a tailnet without nodes. ctx bounds the start only; the tailnet lasts until Close, or until the process
// ends, in whatever way.
func Start(ctx context.Context, opts Options) (tn *Tailnet, err error) {
	if opts.Domain == "" {
		opts.Domain = DefaultDomain
	}
	if opts.Progress == nil {
		opts.Progress = os.Stderr
	}
	if opts.Logf == nil {
		opts.Logf = func(string, ...any) {}
	}
	tn = &Tailnet{opts: opts, control: newControl(opts.Domain, opts.DNS, opts.Logf)}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("starting a tailnet: %w", err), tn.Close())
			tn = nil
		}
	}()

	tn.tailscaled, err = chooseDaemon(ctx, opts)
	if err != nil {
		return tn, err
	}
	tn.dir, err = os.MkdirTemp("", "tailnet-")
	if err != nil {
		return tn, fmt.Errorf("making a directory: %w", err)
	}
	// Programs under test run as other users and must get to the LocalAPI sockets.
	if err := os.Chmod(tn.dir, 0o755); err != nil {
		return tn, fmt.Errorf("opening the directory to other users: %w", err)
	}
	tn.trap, err = newTrap(ctx)
	if err != nil {
		return tn, err
	}
	tn.servers, err = newServers(tn.control)
	if err != nil {
		return tn, err
	}
	tn.loopback, err = tn.servers.serve(ctx, netip.MustParseAddr("127.0.0.1"))
	if err != nil {
		return tn, err
	}
	tn.control.server.ExplicitBaseURL = tn.loopback.controlURL()
	if opts.Namespaces {
		tn.hub, err = newHub()
		if err != nil {
			return tn, err
		}
		err = tn.hub.do(func() error {
			var err error
			tn.bridge, err = tn.servers.serve(ctx, hubAddr)
			return err
		})
	}
	return tn, err
}

// Close kills all nodes, stops the servers and removes every file and namespace. It reports, too, when a node tried to reach
// something outside the tailnet. Closing again changes nothing.
func (tn *Tailnet) Close() error {
	tn.closing.Do(func() {
		errs := []error{tn.discard(tn.Nodes()...)}
		if tn.servers != nil {
			errs = append(errs, tn.servers.close())
		}
		if tn.hub != nil {
			errs = append(errs, tn.hub.close())
		}
		if tn.trap != nil {
			errs = append(errs, tn.trap.close())
		}
		if tn.dir != "" {
			errs = append(errs, os.RemoveAll(tn.dir))
		}
		if err := errors.Join(errs...); err != nil {
			tn.closeErr = fmt.Errorf("closing the tailnet: %w", err)
		}
	})
	return tn.closeErr
}

// discard ends nodes and takes them out of the tailnet.
func (tn *Tailnet) discard(nodes ...*Node) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = n.close() })
	}
	all.Wait()
	tn.mu.Lock()
	tn.nodes = slices.DeleteFunc(tn.nodes, func(n *Node) bool { return slices.Contains(nodes, n) })
	tn.mu.Unlock()
	for _, n := range nodes {
		tn.control.remove(n.Name)
	}
	return errors.Join(errs...)
}

// Domain is the MagicDNS suffix, without dots at its ends.
func (tn *Tailnet) Domain() string { return tn.opts.Domain }

// Nodes lists the nodes in the order they were added.
func (tn *Tailnet) Nodes() []*Node {
	tn.mu.Lock()
	defer tn.mu.Unlock()
	return slices.Clone(tn.nodes)
}

// NodeOptions say what a node is.
type NodeOptions struct {
	// Name is the host name: lower-case letters, digits and dashes, unique in the tailnet.
	Name string

	// Login is the user the node belongs to, such as alice@example.com; DefaultLogin when empty.
	Login string

	// Tags make it a tagged node, which belongs to no user. Each begins with "tag:".
	Tags []string

	// Userspace makes a node without a namespace in a tailnet with Options.Namespaces.
	Userspace bool
}

var nameForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,40}[a-z0-9])?$`)

// AddNode is AddNodes for one.
func (tn *Tailnet) AddNode(ctx context.Context, opts NodeOptions) (*Node, error) {
	nodes, err := tn.AddNodes(ctx, opts)
	if err != nil {
		return nil, err
	}
	return nodes[0], nil
}

// AddNodes starts nodes at the same time, logs them in, and returns when all nodes of the tailnet know each other. When one
// fails, none is added.
func (tn *Tailnet) AddNodes(ctx context.Context, opts ...NodeOptions) ([]*Node, error) {
	nodes := make([]*Node, 0, len(opts))
	for _, o := range opts {
		n, err := tn.newNode(o, "")
		if err != nil {
			return nil, errors.Join(fmt.Errorf("adding node %q: %w", o.Name, err), tn.discard(nodes...))
		}
		nodes = append(nodes, n)
	}
	starts, startCtx := errgroup.WithContext(ctx)
	for _, n := range nodes {
		starts.Go(func() error {
			if err := n.run(startCtx); err != nil {
				return fmt.Errorf("adding node %s: %w", n.Name, err)
			}
			if err := n.register(startCtx); err != nil {
				return fmt.Errorf("adding node %s: %w", n.Name, n.explain(err))
			}
			return nil
		})
	}
	err := starts.Wait()
	if err == nil {
		err = tn.Settle(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, tn.discard(nodes...))
	}
	return nodes, nil
}

// newNode prepares a node: its directory, its namespace, and what the control server is to think of it. With the socket of a
// tailscaled that runs already it is an adopted one, which has neither directory nor namespace here.
func (tn *Tailnet) newNode(o NodeOptions, socket string) (*Node, error) {
	if !nameForm.MatchString(o.Name) {
		return nil, fmt.Errorf("the name does not match %v", nameForm)
	}
	if err := checkTags(o.Tags); err != nil {
		return nil, err
	}
	if o.Login == "" {
		o.Login = DefaultLogin
	}
	tn.mu.Lock()
	defer tn.mu.Unlock()
	if slices.ContainsFunc(tn.nodes, func(n *Node) bool { return n.Name == o.Name }) {
		return nil, errors.New("the name is taken")
	}
	n := &Node{Name: o.Name, Socket: socket, adopted: socket != "", tn: tn, face: tn.loopback}
	if tn.hub != nil && !o.Userspace {
		n.face = tn.bridge
	}
	if !n.adopted {
		n.Dir = filepath.Join(tn.dir, o.Name)
		n.Socket = filepath.Join(n.Dir, "tailscaled.sock")
		if err := os.MkdirAll(n.stateDir(), 0o755); err != nil {
			return nil, fmt.Errorf("making its directory: %w", err)
		}
		if n.face != tn.loopback {
			ns, err := tn.hub.plug()
			if err != nil {
				return nil, err
			}
			n.ns = ns
		}
	}
	n.client = newLocalClient(n.Socket)
	tn.control.expect(n.Name, registration{account: account{login: o.Login, tags: sortedTags(o.Tags)}, face: n.face})
	tn.nodes = append(tn.nodes, n)
	return n, nil
}
