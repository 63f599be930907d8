// SPDX-License-Identifier: MIT

package route

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"tailscale.com/client/tailscale/apitype"
)

// find asks tailscaled who this node is and whether the server is a node of the
// tailnet. The route is direct if the server is none, or if tailscaled cannot tell.
func (r *Router) find(ctx context.Context) *Route {
	if r.lc == nil {
		return &Route{}
	}
	st, err := running(ctx, r.lc)
	if err != nil {
		// Of one that is silent no request waits for what it may say next.
		return &Route{Note: err.Error(), unsettled: !errors.Is(err, errSilent)}
	}
	rt := &Route{way: kernel, Identity: identityHeaders(st)}
	if !st.TUN {
		rt.way = userspace
	}
	var nodes []*apitype.WhoIsResponse
	at, err := r.addresses(ctx, rt.way)
	if err == nil {
		rt.addrs, nodes, err = r.nodes(ctx, at.addrs)
	}
	if err == nil && len(nodes) == 0 {
		err = r.stranger(at)
	}
	if err == nil {
		return rt
	}
	rt = &Route{Note: err.Error()}
	if r.allowed {
		rt.Identity = identityHeaders(st)
	}
	return rt
}

// nodes returns those of addrs that belong to nodes of the tailnet, with the nodes.
func (r *Router) nodes(ctx context.Context, addrs []netip.Addr) (of []netip.Addr, nodes []*apitype.WhoIsResponse, err error) {
	for _, addr := range addrs {
		node, err := nodeAt(ctx, r.lc, addr)
		if err != nil {
			return nil, nil, err
		}
		if node != nil {
			of, nodes = append(of, addr), append(nodes, node)
		}
	}
	return of, nodes, nil
}

// stranger is the error of a server that is no node of the tailnet.
func (r *Router) stranger(at resolved) error {
	where := fmt.Sprintf("%s (%v, by %s)", r.host, at.addrs, at.by)
	if at.by == byItself {
		where = r.host
	}
	return advise("compare with: tailscale status; a MagicDNS name in full always means the node", "%s is not a node of this tailnet", where)
}

// ErrRefused is in the error of a route that does not lead to a node of the tailnet,
// although Config.Required asks for one.
var ErrRefused = errors.New("refused")

// refusal says why no request may be sent by rt; nil if it may.
func (r *Router) refusal(rt *Route) error {
	if !r.required || rt.way != direct {
		return nil
	}
	why := rt.Note
	switch {
	case why != "":
	case loopback(r.host):
		why = r.host + " is this machine itself, which is not reached through the tailnet"
	default:
		why = r.host + " is not known to be a node of the tailnet, because no tailscaled is asked"
	}
	return fmt.Errorf("%w by --require-tailscale: %s", ErrRefused, why)
}
