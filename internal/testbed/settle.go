// SPDX-License-Identifier: MIT

package testbed

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"tailscale.com/client/local"
	"tailscale.com/ipn"
	"tailscale.com/tailcfg"
)

// patience bounds every wait whose context does not end sooner.
const patience = 60 * time.Second

var errPatience = fmt.Errorf("not within %v", patience)

// await asks until nothing is wanting any more, and reports what was wanting last when ctx ends.
func await(ctx context.Context, wanting func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errPatience)
	defer cancel()
	var last error
	for delay := time.Millisecond; ; delay = min(2*delay, 20*time.Millisecond) {
		err := wanting(ctx)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil || last == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", context.Cause(ctx), last)
		case <-time.After(delay):
		}
	}
}

// awaitState watches n's IPN bus until the backend is in the given state.
func (n *Node) awaitState(ctx context.Context, want ipn.State) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errPatience)
	defer cancel()
	bus, err := n.client.WatchIPNBus(ctx, ipn.NotifyInitialState)
	if err != nil {
		return fmt.Errorf("watching the IPN bus: %w", err)
	}
	defer bus.Close()
	state := ipn.NoState
	for state != want {
		note, err := bus.Next()
		if err != nil {
			if ctx.Err() != nil {
				err = context.Cause(ctx)
			}
			return fmt.Errorf("awaiting state %v, last seen in %v: %w", want, state, err)
		}
		if note.ErrMessage != nil {
			return fmt.Errorf("awaiting state %v: tailscaled says: %s", want, *note.ErrMessage)
		}
		if note.State != nil {
			state = *note.State
		}
	}
	return nil
}

// awaitOnline waits until n is back in the tailnet. Its own word is not enough: tailscaled calls itself running with the
// network map of its last run, before it has asked for another.
func (n *Node) awaitOnline(ctx context.Context) error {
	if err := n.awaitState(ctx, ipn.Running); err != nil {
		return err
	}
	return await(ctx, func(context.Context) error {
		if !n.online() {
			return errors.New("it has not asked for a network map")
		}
		return nil
	})
}

// awaitOffline waits until the control server has noticed that the node is gone.
func (n *Node) awaitOffline(ctx context.Context) error {
	return await(ctx, func(context.Context) error {
		if m := n.tn.control.machine(n.Name); m != nil && m.online {
			return errors.New("its map stream is still open")
		}
		return nil
	})
}

// Settle waits until every running node has the network map that the control server has (who is there, under which
// addresses, for whom, online or not) and all that are online have exchanged packets. Whatever changes the tailnet settles
// it before it returns, except what is documented not to wait.
func (tn *Tailnet) Settle(ctx context.Context) error {
	err := await(ctx, func(ctx context.Context) error {
		machines := tn.control.real()
		for _, m := range machines {
			if !m.online || m.removed {
				continue
			}
			if !m.heard || !tn.servers.relay.IsClientConnectedForTest(m.nodeKey) {
				return fmt.Errorf("%s cannot be reached yet", m.name)
			}
		}
		for _, n := range tn.Nodes() {
			for _, m := range machines {
				if err := n.wantingOf(ctx, m); err != nil {
					return fmt.Errorf("%s: %w", n.Name, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("awaiting the network map: %w", err)
	}
	return tn.introduce(ctx)
}

// introduce makes all pairs of nodes that are online exchange packets, so that the first ones of a test are not lost. A
// lost WireGuard handshake is repeated after five seconds only; hence the disco ping before it, which shows that both sides
// have found each other.
func (tn *Tailnet) introduce(ctx context.Context) error {
	pairs, ctx := errgroup.WithContext(ctx)
	nodes := slices.DeleteFunc(tn.Nodes(), func(n *Node) bool { return !n.online() })
	for i, a := range nodes {
		for _, b := range nodes[:i] {
			pairs.Go(func() error {
				for _, kind := range []tailcfg.PingType{tailcfg.PingDisco, tailcfg.PingTSMP} {
					if err := errors.Join(a.ping(ctx, b, kind), b.ping(ctx, a, kind)); err != nil {
						return err
					}
				}
				return nil
			})
		}
	}
	return pairs.Wait()
}

// ping repeats a ping until it is answered.
func (n *Node) ping(ctx context.Context, to *Node, kind tailcfg.PingType) error {
	err := await(ctx, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
		defer cancel()
		pong, err := n.client.Ping(ctx, to.IPv4(), kind)
		if err == nil && pong.Err != "" {
			err = errors.New(pong.Err)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("pinging (%s) %s from %s: %w", kind, to.Name, n.Name, err)
	}
	return nil
}

// wantingOf reports what n does not know yet of m, which may be n itself. Nodes that are down or logged out know nothing
// and need not.
func (n *Node) wantingOf(ctx context.Context, m machine) error {
	self := n.tn.control.machine(n.Name)
	if !n.Running() || self == nil || !self.online {
		return nil
	}
	if m.id == self.id {
		return n.wantingOfItself(ctx, m)
	}
	if self.removed {
		return nil
	}
	who, err := n.client.WhoIsNodeKey(ctx, m.nodeKey)
	switch {
	case m.removed && errors.Is(err, local.ErrPeerNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("asking about %s: %w", m.name, err)
	case m.removed:
		return fmt.Errorf("got an answer about %s, want none: it was removed", m.name)
	}
	got := who.Node
	switch {
	case !slices.Equal(hostsOf(got.Addresses), []netip.Addr{m.addr4, m.addr6()}):
		return fmt.Errorf("got addresses %v of %s, want %v", got.Addresses, m.name, m.addr4)
	case !slices.Equal(got.Tags, m.account.tags):
		return fmt.Errorf("got tags %v of %s, want %v", got.Tags, m.name, m.account.tags)
	case len(got.Tags) == 0 && who.UserProfile.LoginName != m.account.login:
		return fmt.Errorf("got user %s of %s, want %s", who.UserProfile.LoginName, m.name, m.account.login)
	case got.Online == nil || *got.Online != m.online:
		return fmt.Errorf("want %s to be online: %v", m.name, m.online)
	case m.online && (got.DiscoKey != m.discoKey || got.HomeDERP != m.derp):
		return fmt.Errorf("the way to %s is not known", m.name)
	}
	return n.wantingRoute(*self, m)
}

func (n *Node) wantingOfItself(ctx context.Context, m machine) error {
	st, err := n.client.StatusWithoutPeers(ctx)
	if err != nil {
		return fmt.Errorf("asking for the status: %w", err)
	}
	if m.removed {
		if st.BackendState == ipn.NeedsLogin.String() {
			return nil
		}
		return fmt.Errorf("got state %s, want %v: it was removed", st.BackendState, ipn.NeedsLogin)
	}
	var tags []string
	if st.Self.Tags != nil {
		tags = st.Self.Tags.AsSlice()
	}
	addrs := []netip.Addr{m.addr4, m.addr6()}
	switch {
	case st.BackendState != ipn.Running.String():
		return fmt.Errorf("got state %s, want %v", st.BackendState, ipn.Running)
	case !slices.Equal(st.TailscaleIPs, addrs):
		return fmt.Errorf("got own addresses %v, want %v", st.TailscaleIPs, addrs)
	case !slices.Equal(tags, m.account.tags):
		return fmt.Errorf("got own tags %v, want %v", tags, m.account.tags)
	}
	return n.wantingRoute(m, m)
}

// wantingRoute reports what the kernel lacks, on the namespaced node whose machine is self, to exchange packets with m. A
// connection that is begun without it keeps the wrong source address, and never gets through.
func (n *Node) wantingRoute(self, m machine) error {
	if n.ns == nil {
		return nil
	}
	if err := n.ns.wantingRoute(self.addr4, m.addr4); err != nil || !hasIPv6() {
		return err
	}
	return n.ns.wantingRoute(self.addr6(), m.addr6())
}

func hostsOf(prefixes []netip.Prefix) []netip.Addr {
	addrs := make([]netip.Addr, 0, len(prefixes))
	for _, p := range prefixes {
		addrs = append(addrs, p.Addr())
	}
	return addrs
}
