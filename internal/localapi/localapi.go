// SPDX-License-Identifier: MIT

// Package localapi asks the tailscaled on this host what tools want to know, within
// bounds, and explains why there is no answer: each error is a failure with a code and
// what somebody has to do about it. It changes nothing.
package localapi

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/flight"
	"tailscale-mcp/internal/localapi/socket"
)

// API is everything this program asks the tailscaled on this host. Each of
// these calls is answered to any local account that can open the socket; none
// needs root or the operator, and none changes anything. A *local.Client is one.
type API interface {
	Status(context.Context) (*ipnstate.Status, error)
	StatusWithoutPeers(context.Context) (*ipnstate.Status, error)
	WhoIsProto(ctx context.Context, proto, remoteAddr string) (*apitype.WhoIsResponse, error)
	Ping(ctx context.Context, ip netip.Addr, pingType tailcfg.PingType) (*ipnstate.PingResult, error)
	CurrentDERPMap(context.Context) (*tailcfg.DERPMap, error)
	DNSConfig(context.Context) (*tailcfg.DNSConfig, error)
	GetServeConfig(context.Context) (*ipn.ServeConfig, error)
	SuggestExitNode(context.Context) (apitype.ExitNodeSuggestionResponse, error)
	GetPrefs(context.Context) (*ipn.Prefs, error)
	TailnetLockStatus(context.Context) (*ipnstate.TailnetLockStatus, error)
	UserProfile(context.Context, tailcfg.UserID) (*tailcfg.UserProfile, error)
}

// askTimeout bounds one question to tailscaled. A status with thousands of
// peers is 10 MB of JSON and takes tenths of a second.
const askTimeout = 10 * time.Second

// mostProfiles bounds how many users are asked for one by one.
const mostProfiles = 100

// Local asks the tailscaled on this host. Its errors are [*failure.Error]: a code, and
// what somebody has to do about it. It is safe for concurrent use.
type Local struct {
	api    API
	states flight.Group[*ipnstate.Status]
	checks flight.Group[*Netcheck]
	pings  chan struct{} // pings under way
	// bind is where the sockets of a netcheck are bound; any port when empty.
	bind string
}

// New returns a Local that asks through api.
func New(api API) *Local {
	return &Local{api: api, pings: make(chan struct{}, mostPings)}
}

// Status returns the state of this host with all its peers, whatever that state
// is. Those who ask at the same time share one answer, because a large one costs
// memory: it must not be modified.
func (l *Local) Status(ctx context.Context) (*ipnstate.Status, error) {
	st, err := l.states.Do(ctx, "", func(ctx context.Context) (*ipnstate.Status, error) {
		return ask(ctx, l, l.status)
	})
	return st, ended(ctx, err)
}

// status is tailscaled's, with the users that it leaves out: those who joined the
// tailnet since its last full network map are not in a status (tailscaled 1.102),
// though it knows them when asked one by one.
func (l *Local) status(ctx context.Context) (*ipnstate.Status, error) {
	st, err := l.api.Status(ctx)
	if err != nil {
		return nil, err
	}
	missing := map[tailcfg.UserID]bool{}
	for _, ps := range st.Peer {
		if _, known := st.User[ps.UserID]; !known && !ps.UserID.IsZero() && !ps.IsTagged() && len(missing) < mostProfiles {
			missing[ps.UserID] = true
		}
	}
	for id := range missing {
		profile, err := l.api.UserProfile(ctx, id)
		if err != nil || profile == nil {
			continue // a peer without its user's name is still a peer
		}
		if st.User == nil {
			st.User = map[tailcfg.UserID]tailcfg.UserProfile{}
		}
		st.User[id] = *profile
	}
	return st, nil
}

// Peers is Status for those who need this host to be on a tailnet: otherwise the
// list of peers would be empty, or that of an hour ago.
func (l *Local) Peers(ctx context.Context) (*ipnstate.Status, error) {
	st, err := l.Status(ctx)
	if err != nil {
		return nil, err
	}
	return st, stateError(st)
}

// Self returns the state of this host without its peers, when it is on a tailnet.
func (l *Local) Self(ctx context.Context) (*ipnstate.Status, error) {
	st, err := ask(ctx, l, l.api.StatusWithoutPeers)
	if err != nil {
		return nil, err
	}
	return st, stateError(st)
}

// WhoIs returns the node at a Tailscale address. Without a port tailscaled knows it
// at once, or at once that no node has it.
func (l *Local) WhoIs(ctx context.Context, addr netip.Addr) (*apitype.WhoIsResponse, error) {
	return ask(ctx, l, func(ctx context.Context) (*apitype.WhoIsResponse, error) {
		return l.api.WhoIsProto(ctx, "tcp", addr.String())
	})
}

// mostPings is how many pings are under way at a time. Each holds a connection to
// tailscaled until it is answered, and half of those are for other questions.
const mostPings = socket.ToolConns / 2

// Ping waits for its turn and then for its answer, each as long as timeout at most.
// What went wrong on the way is in the result; an error is tailscaled's own, or
// [failure.UpstreamTimeout] when there was no answer, or [failure.RateLimited] when its
// turn did not come.
func (l *Local) Ping(ctx context.Context, ip netip.Addr, pingType tailcfg.PingType, timeout time.Duration) (*ipnstate.PingResult, error) {
	turn := time.NewTimer(timeout)
	defer turn.Stop()
	select {
	case l.pings <- struct{}{}:
		defer func() { <-l.pings }()
	case <-ctx.Done():
		return nil, l.explain(ctx, ctx.Err())
	case <-turn.C:
		return nil, &failure.Error{
			Code: failure.RateLimited, Message: fmt.Sprintf("this host is sending %d pings already, as many as this server sends at a time", mostPings),
			Next: "try again in a few seconds",
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	result, err := l.api.Ping(ctx, ip, pingType)
	if err != nil {
		return nil, l.explain(ctx, err)
	}
	return result, nil
}

// DNSConfig returns what the tailnet tells this host about DNS.
func (l *Local) DNSConfig(ctx context.Context) (*tailcfg.DNSConfig, error) {
	return ask(ctx, l, l.api.DNSConfig)
}

// ServeConfig returns what this host serves with tailscale serve and funnel.
func (l *Local) ServeConfig(ctx context.Context) (*ipn.ServeConfig, error) {
	return ask(ctx, l, l.api.GetServeConfig)
}

// SuggestExitNode returns the exit node that tailscaled would choose; one without
// an ID when it has none to suggest.
func (l *Local) SuggestExitNode(ctx context.Context) (apitype.ExitNodeSuggestionResponse, error) {
	return ask(ctx, l, l.api.SuggestExitNode)
}

// Prefs returns the preferences of this host. tailscaled takes the private keys
// out, but what else is in there is for the caller to select.
func (l *Local) Prefs(ctx context.Context) (*ipn.Prefs, error) {
	return ask(ctx, l, l.api.GetPrefs)
}

// LockStatus returns what this host knows of tailnet lock.
func (l *Local) LockStatus(ctx context.Context) (*ipnstate.TailnetLockStatus, error) {
	return ask(ctx, l, l.api.TailnetLockStatus)
}

// ask puts one question within its bound, and explains why there is no answer.
func ask[T any](ctx context.Context, l *Local, question func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	answer, err := question(ctx)
	if err != nil {
		var none T
		return none, l.explain(ctx, err)
	}
	return answer, nil
}

// ended returns the error of joined work, which for a caller whose context ended
// first is that end.
func ended(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return askError(ctx.Err())
	}
	return err
}

// explain returns why tailscaled did not answer. Most questions fail one way or
// another while it is not on a tailnet ("no netmap", a peer not found), and then
// that is the reason.
func (l *Local) explain(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		if st, stErr := l.api.StatusWithoutPeers(ctx); stErr == nil {
			if reason := stateError(st); reason != nil {
				return reason
			}
		}
	}
	return askError(err)
}
