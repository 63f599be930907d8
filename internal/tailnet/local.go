// SPDX-License-Identifier: MIT

package tailnet

import (
	"context"
	"net/netip"
	"time"

	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/tailcfg"
)

// LocalAPI is everything this program asks the tailscaled on this host. Each of
// these calls is answered to any local account that can open the socket; none
// needs root or the operator, and none changes anything. A *local.Client is one.
type LocalAPI interface {
	Status(context.Context) (*ipnstate.Status, error)
	StatusWithoutPeers(context.Context) (*ipnstate.Status, error)
	WhoIs(ctx context.Context, remoteAddr string) (*apitype.WhoIsResponse, error)
	Ping(ctx context.Context, ip netip.Addr, pingType tailcfg.PingType) (*ipnstate.PingResult, error)
	CurrentDERPMap(context.Context) (*tailcfg.DERPMap, error)
	DNSConfig(context.Context) (*tailcfg.DNSConfig, error)
	GetServeConfig(context.Context) (*ipn.ServeConfig, error)
	SuggestExitNode(context.Context) (apitype.ExitNodeSuggestionResponse, error)
	GetPrefs(context.Context) (*ipn.Prefs, error)
	TailnetLockStatus(context.Context) (*ipnstate.TailnetLockStatus, error)
	UserProfile(context.Context, tailcfg.UserID) (*tailcfg.UserProfile, error)
}

// localTimeout bounds one question to tailscaled. A status with thousands of
// peers is 10 MB of JSON and takes tenths of a second.
const localTimeout = 10 * time.Second

// mostProfiles bounds how many users are asked for one by one.
const mostProfiles = 100

// Local asks the tailscaled on this host. Its errors are [*Error]: a code, and
// what somebody has to do about it. It is safe for concurrent use.
type Local struct {
	api     LocalAPI
	flights flights
	// bind is where the sockets of a netcheck are bound; any port when empty.
	bind string
}

// NewLocal returns a Local that asks through api.
func NewLocal(api LocalAPI) *Local { return &Local{api: api} }

// Status returns the state of this host with all its peers, whatever that state
// is. Those who ask at the same time share one answer, because a large one costs
// memory: it must not be modified.
func (l *Local) Status(ctx context.Context) (*ipnstate.Status, error) {
	st, _, err := l.flights.do(ctx, "status", func(ctx context.Context) (any, error) {
		return ask(ctx, l, l.status)
	})
	if err != nil {
		return nil, err
	}
	return st.(*ipnstate.Status), nil
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
	return st, localStateOf(st)
}

// Self returns the state of this host without its peers, when it is on a tailnet.
func (l *Local) Self(ctx context.Context) (*ipnstate.Status, error) {
	st, err := ask(ctx, l, l.api.StatusWithoutPeers)
	if err != nil {
		return nil, err
	}
	return st, localStateOf(st)
}

// WhoIs returns the node at a Tailscale address, or behind an address and port
// that tailscaled proxies; addr is an IP address or ip:port.
func (l *Local) WhoIs(ctx context.Context, addr string) (*apitype.WhoIsResponse, error) {
	return ask(ctx, l, func(ctx context.Context) (*apitype.WhoIsResponse, error) { return l.api.WhoIs(ctx, addr) })
}

// Ping sends one ping and waits for its answer as long as ctx lasts. What went
// wrong on the way is in the result; an error is tailscaled's own, or
// [CodeUpstreamTimeout] when there was no answer.
func (l *Local) Ping(ctx context.Context, ip netip.Addr, pingType tailcfg.PingType) (*ipnstate.PingResult, error) {
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
	ctx, cancel := context.WithTimeout(ctx, localTimeout)
	defer cancel()
	answer, err := question(ctx)
	if err != nil {
		var none T
		return none, l.explain(ctx, err)
	}
	return answer, nil
}

// explain returns why tailscaled did not answer. Most questions fail one way or
// another while it is not on a tailnet ("no netmap", a peer not found), and then
// that is the reason.
func (l *Local) explain(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		if st, stErr := l.api.StatusWithoutPeers(ctx); stErr == nil {
			if reason := localStateOf(st); reason != nil {
				return reason
			}
		}
	}
	return localError(err)
}
