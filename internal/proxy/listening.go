// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/retry"
)

// listen sends c, a modern subscriptions/listen, and passes on its response. Until the
// server has acknowledged the subscription, c is a request as any other. After that, it
// is sent again when its stream breaks, until the client cancels it.
func (r *relay) listen(ctx context.Context, c *call) {
	wait := retry.First
	for {
		began := time.Now()
		r.exchange(ctx, c, true)
		if !c.subscription.Accepted() || r.calls.done(c) {
			return
		}
		if time.Since(began) > retry.Longest {
			wait = retry.First
		}
		r.log.Debug("asking for the subscription again", "id", string(c.id))
		if !retry.Sleep(ctx, retry.Jitter(wait)) {
			return
		}
		wait = min(2*wait, retry.Longest)
	}
}

// broke answers c, whose response broke off, with the error f. An acknowledged
// subscription gets no answer: listen sends it again.
func (r *relay) broke(c *call, f *fault.Error) {
	if c.subscription != nil && c.subscription.Accepted() {
		r.log.Debug("a subscription was interrupted", "id", string(c.id), "error", f.Message)
		return
	}
	r.fail(c, f)
}
