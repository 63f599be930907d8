// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"strconv"
)

// errand is a request of the proxy's own, or one that it makes of its client's.
type errand struct {
	msg       []byte     // with an id of ownID
	of        *call      // whose answer it is about; nil when it is of no call
	quiet     bool       // nothing on its response is for the client
	listening *listening // of a subscriptions/listen
}

// ownID is an id for a request of the proxy's own.
func (r *relay) ownID() []byte {
	return strconv.AppendQuote(nil, "tailscale-mcp-proxy/"+strconv.FormatUint(r.owned.Add(1), 10))
}

// askOwn asks the server and returns its answer, or an error answer of the
// proxy, for the client's request if there is one. It fails only when the end
// has begun.
func (r *relay) askOwn(ctx context.Context, o errand) ([]byte, error) {
	e, err := scan(o.msg)
	if err != nil {
		return nil, err
	}
	asking, cancel := context.WithCancel(r.ctx)
	// After the answer the end of the response may still be read: only then can
	// its connection be used again.
	defer context.AfterFunc(ctx, cancel)()
	got := make(chan []byte, 1)
	c := &call{
		env: e, msg: o.msg, id: e.id, key: idKey(e.id), own: true, of: o.of, modern: e.modern(), quiet: o.quiet, cancel: cancel,
		reply: func(m []byte) { got <- m }, listening: o.listening,
	}
	if o.of != nil {
		c.id = o.of.id
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
