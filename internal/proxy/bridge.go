// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"errors"

	"tailscale-mcp/internal/bridge"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
)

// settle replies to the initialize c of the client with the response msg and
// finds out how the server is spoken to from then on.
func (r *relay) settle(c *call, msg []byte) {
	s := c.opened
	switch {
	case s == nil && mayBeModern(msg):
		b := r.discover(c)
		if b == nil {
			break
		}
		answer, version := b.InitializeResponse(c.id, c.msg)
		s = &session{version: version}
		s.bridge.Store(b)
		r.begin(c, s)
		r.log.Info("the server speaks revision 2026-07-28 only; its client is bridged", "version", s.version)
		msg = answer
	case s != nil && s.id == "" && !s.tasks:
		// The answer need not wait for what only later requests depend on.
		c.reply(msg)
		if b := r.discover(c); b != nil {
			s.bridge.Store(b)
			r.log.Info("the server keeps no sessions; its client is bridged to revision 2026-07-28")
		}
		return
	}
	c.reply(msg)
}

// mayBeModern reports whether the response msg to initialize can be that of a server
// that does not know initialize. One that was not reached is not asked again.
func mayBeModern(msg []byte) bool {
	var said struct{ Error struct{ Code int } }
	if json.Unmarshal(msg, &said) != nil {
		return false
	}
	switch said.Error.Code {
	case fault.CodeUnreachable, fault.CodeInterrupted, fault.CodeStopping, fault.CodeTooLarge, fault.CodeInternal:
		return false
	}
	return true
}

// discover returns a bridge for the client that sent the initialize c; nil when the
// server does not say within discoverTimeout that it speaks the modern era.
func (r *relay) discover(c *call) *bridge.Bridge {
	ctx, cancel := context.WithTimeout(r.ctx, discoverTimeout)
	defer cancel()
	return bridge.Discover(ctx, r.ends(), c.msg)
}

// ends returns the server and the client of the relay, for a bridge between them.
func (r *relay) ends() bridge.Ends {
	return bridge.Ends{
		NewID: r.ownID,
		Ask: func(ctx context.Context, msg []byte) ([]byte, error) {
			return r.askOwn(ctx, ownRequest{msg: msg, quiet: true})
		},
		Listen: func(ctx context.Context, msg []byte, s *bridge.Subscription) ([]byte, error) {
			return r.askOwn(ctx, ownRequest{msg: msg, subscription: s})
		},
		AskClient: r.askClient,
		Notify:    r.out.Write,
		Go:        r.calls.workers.Go,
		Log:       r.log,
	}
}

// askClient sends the client the request that question makes with an id, and gives its
// response to answer. withdraw tells the client that nobody waits for the response any
// more, unless it is there.
func (r *relay) askClient(question func(id []byte) []byte, answer func(msg []byte)) (withdraw func()) {
	a := r.asks.own(answer)
	r.out.Write(question(a.id))
	return func() {
		if r.asks.take(a.id) != nil {
			r.out.Write([]byte(`{"jsonrpc":"2.0","method":"` + methodCancelled + `","params":{"requestId":` + string(a.id) + `}}`))
		}
	}
}

// serve answers c, a request of a legacy client in the session s, by the bridge b.
func (r *relay) serve(ctx context.Context, b *bridge.Bridge, s *session, c *call) {
	msg, err := b.Serve(ctx, s.ctx, bridge.Call{
		Env: &c.env, Msg: c.msg,
		Ask: func(ctx context.Context, msg []byte) ([]byte, error) {
			return r.askOwn(ctx, ownRequest{msg: msg, parent: c})
		},
	})
	var f *fault.Error
	switch {
	case errors.As(err, &f):
		r.fail(c, f)
	case err != nil: // the end has begun, or c was cancelled
	case r.calls.finish(c):
		r.conclude(c, msg)
	}
	jsonrpc.GiveBack(len(msg))
}
