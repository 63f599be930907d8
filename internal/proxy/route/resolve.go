// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"tailscale.com/client/local"
)

// resolved holds the addresses of the server's name, and who gave them.
type resolved struct {
	addrs []netip.Addr
	by    string
}

const (
	byItself     = "itself" // the name is an address
	bySystem     = "this system"
	byTailscaled = "tailscaled"
)

// addresses resolves the server's name: by the system, and by tailscaled where
// the system does not know it. Without a network device the system does not
// know MagicDNS names, or knows something else by them: there tailscaled comes
// first.
func (r *Router) addresses(ctx context.Context, w way) (resolved, error) {
	if addr, err := netip.ParseAddr(r.host); err == nil {
		return resolved{[]netip.Addr{addr}, byItself}, nil
	}
	if w == userspace {
		if addrs := r.known(ctx); addrs != nil {
			return resolved{addrs, byTailscaled}, nil
		}
		if addrs, err := addressesOf(ctx, r.lc, r.host); err != nil || len(addrs) > 0 {
			return resolved{addrs, byTailscaled}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, peersTimeout)
	defer cancel()
	system := make(chan []netip.Addr, 1)
	go func() {
		addrs, err := r.Resolve(ctx, r.host)
		if err != nil {
			addrs = nil
		}
		for i := range addrs {
			addrs[i] = addrs[i].Unmap()
		}
		slices.SortFunc(addrs, netip.Addr.Compare) // resolvers rotate
		system <- addrs
	}()
	late := time.NewTimer(resolveGrace)
	defer late.Stop()
	slow := false
	select {
	case addrs := <-system:
		if len(addrs) > 0 {
			return resolved{addrs, bySystem}, nil
		}
	case <-late.C: // a resolver that nobody answers takes seconds to say so
		slow = true
	}
	if w == kernel {
		if addrs, err := addressesOf(ctx, r.lc, r.host); err != nil || len(addrs) > 0 {
			return resolved{addrs, byTailscaled}, err
		}
	}
	if slow {
		if addrs := <-system; len(addrs) > 0 {
			return resolved{addrs, bySystem}, nil
		}
	}
	return resolved{}, advise("see: tailscale status", "neither this system nor tailscaled knows the name %q", r.host)
}

// known returns the addresses found last, if they still belong to a node of the
// server's name; else nothing. It spares tailscaled a list of every peer.
func (r *Router) known(ctx context.Context) []netip.Addr {
	rt := r.cur.Load()
	if rt == nil || rt.way != userspace || rt.suspect.Load() {
		return nil
	}
	who, err := nodeAt(ctx, r.lc, rt.addrs[0])
	if err != nil || who == nil {
		return nil
	}
	name, host := nodeName(who.Node.Name), nodeName(r.host)
	if name == host || len(name) > len(host) && name[:len(host)] == host && name[len(host)] == '.' {
		return rt.addrs
	}
	return nil
}

// addressesOf resolves host, a full or short MagicDNS name, by tailscaled's status. It
// returns nothing if no node has that name.
func addressesOf(ctx context.Context, lc *local.Client, host string) ([]netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, peersTimeout)
	defer cancel()
	st, err := lc.Status(ctx)
	if err != nil {
		return nil, fmt.Errorf("asking tailscaled for its peers: %w", err)
	}
	full := nodeName(host)
	if !strings.Contains(full, ".") && st.CurrentTailnet != nil {
		full += "." + nodeName(st.CurrentTailnet.MagicDNSSuffix)
	}
	if st.Self != nil && nodeName(st.Self.DNSName) == full {
		return st.Self.TailscaleIPs, nil
	}
	for _, peer := range st.Peer {
		if nodeName(peer.DNSName) == full {
			return peer.TailscaleIPs, nil
		}
	}
	return nil, nil
}
