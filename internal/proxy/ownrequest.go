// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"strconv"

	"tailscale-mcp/internal/bridge"
	"tailscale-mcp/internal/jsonrpc"
)

// ownRequest is a request that the proxy sends with an id of its own, for itself or for
// a request of its client.
type ownRequest struct {
	msg          []byte               // with an id of ownID
	parent       *call                // the client's request that it is sent for; nil if there is none
	quiet        bool                 // no message of its response is passed to the client
	subscription *bridge.Subscription // of a subscriptions/listen
}

// ownID returns a new id for a request of the proxy.
func (r *relay) ownID() []byte {
	return strconv.AppendQuote(nil, "tailscale-mcp-proxy/"+strconv.FormatUint(r.owned.Add(1), 10))
}

// askOwn sends o and returns the server's answer, or an error answer of the proxy. The
// answer has the id of o.parent if there is one. It fails only once the proxy is
// stopping.
func (r *relay) askOwn(ctx context.Context, o ownRequest) ([]byte, error) {
	e, err := jsonrpc.Scan(o.msg)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithCancel(r.ctx)
	// After the answer the end of the response may still be read: only then can
	// its connection be used again.
	defer context.AfterFunc(ctx, cancel)()
	got := make(chan []byte, 1)
	c := &call{
		env: e, msg: o.msg, id: e.ID, key: jsonrpc.IDKey(e.ID), own: true, parent: o.parent, modern: e.Modern(), quiet: o.quiet, cancel: cancel,
		reply: func(m []byte) { got <- m }, subscription: o.subscription,
	}
	if o.parent != nil {
		c.id = o.parent.id
	}
	if err := r.calls.begin(c); err != nil {
		cancel()
		return nil, err
	}
	go func() {
		defer r.calls.workers.Done()
		r.call(asking, c, nil)
	}()
	// Always answered: by the server, by a failure, or at the end.
	return <-got, nil
}
