// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// Bridge is the network between the namespaces, for guests: whole hosts in containers that bring their own tailscaled. A
// guest is started in the bridge's namespace (nsenter --net=PATH), attached to the bridge, and given an address.
type Bridge struct {
	NamespacePath string       // valid while the tailnet is open
	Name          string       // of the network interface
	Addr          netip.Prefix // the bridge's own; nothing is routed beyond it
}

// Bridge describes the tailnet's bridge. It is the zero Bridge without Options.Namespaces.
func (tn *Tailnet) Bridge() Bridge {
	if tn.hub == nil {
		return Bridge{}
	}
	return Bridge{NamespacePath: tn.hub.path(), Name: bridgeName, Addr: netip.PrefixFrom(hubAddr, hubBits)}
}

// GuestAddr returns an address on the bridge that was not given out before; the zero Prefix without Options.Namespaces.
func (tn *Tailnet) GuestAddr() netip.Prefix {
	if tn.hub == nil {
		return netip.Prefix{}
	}
	tn.mu.Lock()
	defer tn.mu.Unlock()
	return netip.PrefixFrom(tn.hub.nextAddr(), hubBits)
}

// Adopt takes in a tailscaled that somebody else has started: it is logged in through its LocalAPI socket and is then a node
// like others, except that it cannot be started and stopped here. Without opts.Userspace it must be reachable over the
// bridge, if there is one. This process needs the right to change that tailscaled's preferences.
func (tn *Tailnet) Adopt(ctx context.Context, opts NodeOptions, socket string) (*Node, error) {
	n, err := tn.newNode(opts, socket)
	if err != nil {
		return nil, fmt.Errorf("adopting %q: %w", opts.Name, err)
	}
	if err := n.register(ctx); err != nil {
		err = fmt.Errorf("adopting %s: %w", n.Name, err)
		return nil, errors.Join(err, tn.discard(n))
	}
	return n, tn.Settle(ctx)
}

// AcrossRestart runs restart, by which whoever an adopted tailscaled belongs to restarts it, and returns when the node is
// back in the tailnet; or, if it was logged out, when restart returns.
func (n *Node) AcrossRestart(ctx context.Context, restart func() error) error {
	n.turn.Lock()
	defer n.turn.Unlock()
	if !n.adopted {
		return fmt.Errorf("awaiting the restart of %s: it has Stop and Start", n.Name)
	}
	wasOnline := n.online()
	n.tn.control.restarting(n.Name)
	if err := restart(); err != nil {
		return fmt.Errorf("restarting %s: %w", n.Name, err)
	}
	if !wasOnline {
		return nil
	}
	if err := n.awaitOnline(ctx); err != nil {
		return fmt.Errorf("restarting %s: %w", n.Name, err)
	}
	return n.tn.Settle(ctx)
}
