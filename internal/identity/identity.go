// SPDX-License-Identifier: MIT

// Package identity turns the remote address of a connection into a caller. It
// asks tailscaled (WhoIs) and nothing else: no header, no token, no name that a
// client sends has a part in it. A Tailscale address is asked about without a
// port, since it says who is there; loopback, where userspace networking delivers,
// with its port, and at most two ports that tailscaled may not know at a time (see
// gate). Other addresses are nobody's, and tailscaled is not asked about them.
//
// It imports caller, grant and the LocalAPI's types. Every failure closes: an
// address that tailscaled does not know is ErrUnknown, a tailscaled that cannot
// be asked is ErrUnavailable, and there is no anonymous caller.
package identity

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
	"tailscale.com/net/tsaddr"
	"tailscale.com/tailcfg"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// Why a request has no caller. Every error of Resolve wraps one of these,
// unless the request's own context ended first: then it is that context's error.
var (
	// ErrUnknown: tailscaled knows no peer at this address.
	ErrUnknown = errors.New("tailscaled knows no peer at this address")
	// ErrUnavailable: tailscaled could not be asked or is not on a tailnet.
	ErrUnavailable = errors.New("tailscaled is not available")
	// ErrSelf: the caller is the node that the server runs on.
	ErrSelf = errors.New("the caller is this very host")
	// ErrMalformedGrant: a grant for this caller cannot be read in full.
	ErrMalformedGrant = errors.New("a grant for this caller cannot be read")
)

// DefaultTimeout bounds one question to tailscaled.
const DefaultTimeout = 2 * time.Second

// Tailscaled is what identity asks; *local.Client is one.
type Tailscaled interface {
	// WhoIsProto, because in userspace networking WhoIs also finds UDP flows:
	// a local account could connect over TCP from the port of somebody's UDP
	// flow and would be taken for that peer.
	WhoIsProto(ctx context.Context, proto, remoteAddr string) (*apitype.WhoIsResponse, error)
	StatusWithoutPeers(ctx context.Context) (*ipnstate.Status, error)
}

// Options are what a Resolver is made of.
type Options struct {
	Tailscaled Tailscaled
	// Capability is the app capability whose values are the grants.
	Capability string
	// Self returns the stable ID of the node the server runs on, or false
	// while it is not known.
	Self func() (nodeID string, known bool)
	// AllowSelf admits callers from that node (TAILSCALE_MCP_ALLOW_SELF).
	AllowSelf bool
	// Keep reports whether the values of another capability belong to what is known of a
	// caller, since a server behind the gate is told them; nil keeps none.
	Keep func(capability string) bool
	Log  *slog.Logger
	// MaxAge is how long an answer about a Tailscale address is kept, at most
	// a second, which is also what zero means. Negative keeps none and lets
	// every request ask for itself; it is there to be measured. Answers about
	// other addresses are never kept.
	MaxAge time.Duration
}

// Resolver resolves callers. It is safe for concurrent use.
type Resolver struct {
	o       Options
	timeout time.Duration // of one question
	lookups lookups
	gate    gate
	leftOut leftOut
}

// New returns a Resolver.
func New(o Options) *Resolver {
	if o.MaxAge == 0 || o.MaxAge > time.Second {
		o.MaxAge = time.Second
	}
	r := &Resolver{o: o, timeout: DefaultTimeout}
	r.lookups.maxAge, r.lookups.ask = o.MaxAge, r.ask
	return r
}

// Resolve returns who is at the other end of a connection. With an error it
// returns as much of the caller as is known, for the record, and never any
// permission.
func (r *Resolver) Resolve(ctx context.Context, remote netip.AddrPort) (caller.Caller, error) {
	remote = netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port())
	if !remote.IsValid() {
		return caller.Caller{}, fmt.Errorf("%w: the connection has no address", ErrUnknown)
	}
	c, err := r.lookups.get(ctx, remote)
	c.Addr = remote
	if err == nil && !r.o.AllowSelf {
		err = r.notSelf(c)
	}
	if err != nil {
		c.Rules = grant.Rules{}
	}
	return c, err
}

// notSelf refuses callers from the host's own node, as Options.Self knows it. It
// is asked for every request, not once per answer: which node this is can change
// while an answer is kept. What Self does not know yet, askedSelf does.
func (r *Resolver) notSelf(c caller.Caller) error {
	self, known := r.o.Self()
	switch {
	case !known:
		return fmt.Errorf("%w: it has not said yet which node this is", ErrUnavailable)
	case c.NodeID == self:
		return errSelf(c)
	}
	return nil
}

func errSelf(c caller.Caller) error {
	return fmt.Errorf("%w: any local account that dials the host's own address would act as %s; "+
		"set TAILSCALE_MCP_ALLOW_SELF=true if that is wanted", ErrSelf, c)
}

// askedSelf refuses callers from the host's own node as tailscaled itself names
// it, right after it has named the caller. Options.Self follows tailscaled, but
// follows: after a login as another node it would take that one for a peer until
// it has heard of it.
func (r *Resolver) askedSelf(ctx context.Context, c caller.Caller) error {
	status, err := r.o.Tailscaled.StatusWithoutPeers(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case status.Self == nil || status.Self.ID == "":
		return fmt.Errorf("%w: it does not say which node this is", ErrUnavailable)
	case string(status.Self.ID) == c.NodeID:
		return errSelf(c)
	}
	return nil
}

// ask puts the questions to tailscaled: who is there, and is that not us.
func (r *Resolver) ask(ctx context.Context, remote netip.AddrPort) (c caller.Caller, err error) {
	// Nobody above this goroutine could recover: a defect here would end the
	// daemon for everybody.
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("panic while asking tailscaled", "addr", remote, "panic", p, "stack", string(debug.Stack()))
			c, err = caller.Caller{}, fmt.Errorf("%w: the server failed while asking", ErrUnavailable)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, r.timeout)
	defer cancel()
	who, err := r.whoIs(ctx, remote)
	if errors.Is(err, local.ErrPeerNotFound) {
		return caller.Caller{}, r.notFound(ctx, remote)
	}
	if err != nil {
		return caller.Caller{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	c, err = r.fromWhoIs(who)
	if err == nil && !r.o.AllowSelf {
		err = r.askedSelf(ctx, c)
	}
	if err != nil {
		r.o.Log.Warn("caller refused", "addr", remote, "caller", c.String(), "err", err)
	}
	return c, err
}

// whoIs asks who is there. It never asks about an ip:port that tailscaled would
// look for, for 0.2 s and while it holds its one lock, without need: a Tailscale
// address is found without a port, or not at all and at once.
func (r *Resolver) whoIs(ctx context.Context, remote netip.AddrPort) (*apitype.WhoIsResponse, error) {
	addr := remote.Addr()
	switch {
	case tsaddr.IsTailscaleIP(addr):
		return r.o.Tailscaled.WhoIsProto(ctx, "tcp", addr.String())
	case !addr.IsLoopback():
		return nil, local.ErrPeerNotFound // nor could tailscaled find it
	}
	leave, err := r.gate.enter(ctx, remote)
	if err != nil {
		return nil, err
	}
	// tailscaled goes on looking when its client hangs up: the question counts
	// until it is answered, whoever still waits for that.
	type answer struct {
		who *apitype.WhoIsResponse
		err error
	}
	answered := make(chan answer, 1)
	go func() {
		a := answer{err: errors.New("the server failed while asking")}
		defer func() {
			if p := recover(); p != nil {
				r.o.Log.Error("panic while asking tailscaled", "addr", remote, "panic", p, "stack", string(debug.Stack()))
			}
			leave(a.err == nil)
			answered <- a
		}()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mostHeld)
		defer cancel()
		a.who, a.err = r.o.Tailscaled.WhoIsProto(ctx, "tcp", remote.String())
	}()
	select {
	case a := <-answered:
		return a.who, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// notFound tells a stranger from a peer that tailscaled cannot know yet: while
// it starts, is logged out or waits for approval it knows nobody.
func (r *Resolver) notFound(ctx context.Context, remote netip.AddrPort) error {
	status, err := r.o.Tailscaled.StatusWithoutPeers(ctx)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	if status.BackendState != ipn.Running.String() {
		return fmt.Errorf("%w: its state is %s", ErrUnavailable, status.BackendState)
	}
	return fmt.Errorf("%w: %s", ErrUnknown, remote)
}

// fromWhoIs reads tailscaled's answer. An answer without a principal is nobody.
func (r *Resolver) fromWhoIs(who *apitype.WhoIsResponse) (caller.Caller, error) {
	if who == nil || who.Node == nil || who.Node.StableID == "" {
		return caller.Caller{}, fmt.Errorf("%w: the answer names no node", ErrUnknown)
	}
	c := caller.Caller{
		Node:   strings.TrimSuffix(who.Node.Name, "."),
		NodeID: string(who.Node.StableID),
	}
	switch {
	case who.Node.IsTagged():
		if slices.ContainsFunc(who.Node.Tags, func(tag string) bool { return !isTag(tag) }) {
			return c, fmt.Errorf("%w: the node has a tag that is none", ErrUnknown)
		}
		c.Tags = slices.Compact(slices.Sorted(slices.Values(who.Node.Tags)))
	case who.UserProfile != nil && isLogin(who.UserProfile.LoginName):
		c.Login, c.Name = who.UserProfile.LoginName, displayed(who.UserProfile.DisplayName)
	default:
		return c, fmt.Errorf("%w: the node has neither tags nor a user", ErrUnknown)
	}
	values := who.CapMap[tailcfg.PeerCapability(r.o.Capability)]
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	rules, err := grant.Parse(texts)
	if err != nil {
		return c, fmt.Errorf("%w: %w", ErrMalformedGrant, err)
	}
	c.Rules, c.Capabilities = rules, r.kept(c, who.CapMap)
	return c, nil
}

func isTag(name string) bool {
	return strings.HasPrefix(name, tagPrefix) && len(name) > len(tagPrefix) && isPrintable(name)
}

const (
	tagPrefix = "tag:"
	// nobodysLogin is what tailscaled reports as the user of every tagged
	// node; on a node without tags it means that the tags did not arrive.
	nobodysLogin = "tagged-devices"
)

// isLogin reports whether name can be a person's. A login that looks like a tag
// would be taken for the tag in every refusal and record, and in the grant that
// a refusal suggests.
func isLogin(name string) bool {
	return name != "" && name != nobodysLogin && !strings.HasPrefix(name, tagPrefix) && isPrintable(name)
}

// isPrintable also refuses surrounding space, so that no two names look alike
// by it.
func isPrintable(name string) bool {
	return utf8.ValidString(name) && strings.TrimSpace(name) == name &&
		!strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) })
}
