// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/caller"
)

// listen serves subscriptions/listen (2026-07-28): a stream that may stay open
// for hours, long after the decision that opened it. It is therefore decided
// again every Recheck. It ends when a new request of its caller would be
// refused, and says list_changed when what the caller may use has changed.
func (s *Server) listen(x *exchange, r *http.Request) {
	ctx, end := context.WithCancel(r.Context())
	defer end()
	x.answer.begun = make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.watch(ctx, x)
		end()
	}()
	stop := func() {
		end()
		<-done // it writes to the response
	}
	defer stop()
	s.pass(ctx, x, r)
	stop()
	// A stream that the server ends, ends with a result that bears its tag.
	x.answer.finish(map[string]any{
		"jsonrpc": "2.0",
		"id":      x.m.id,
		"result": map[string]any{
			"resultType": "complete",
			"_meta":      map[string]any{subscriptionID: x.m.id},
		},
	})
}

// subscriptionID tags every message of a subscription with the id of the
// request that opened it.
const subscriptionID = "io.modelcontextprotocol/subscriptionId"

const acknowledged = "notifications/subscriptions/acknowledged"

// tagged are the parameters of a notification on this stream.
func (x *exchange) tagged() map[string]any {
	return map[string]any{"_meta": map[string]any{subscriptionID: x.m.id}}
}

// accept takes a subscription that mcp-go has found in order. Its first message
// is the acknowledgement of what it will tell, see answer.preface.
func (x *exchange) accept(wanted *mcp.SubscriptionFilter) {
	wanted.ResourceSubscriptions = nil // we watch lists, not what is behind a URI
	x.subscribed = *wanted
	params := x.tagged()
	params["notifications"] = wanted
	x.answer.precede(acknowledged, params)
}

// watch returns when the stream has to end.
func (s *Server) watch(ctx context.Context, x *exchange) {
	select {
	case <-x.answer.begun:
	case <-ctx.Done():
		return // it was no proper request, or for nothing
	}
	wanted := [3]bool{x.subscribed.ToolsListChanged, x.subscribed.PromptsListChanged, x.subscribed.ResourcesListChanged}
	last := s.view(x.caller)
	// The stream tells of lists, so it is on record as a list is.
	registry := s.o.Dispatcher.Registry()
	s.o.Dispatcher.Listed(ctx, x.caller, x.request, len(last[0])+len(last[1])+len(last[2]),
		len(registry.Tools())+len(registry.Prompts())+len(registry.Resources()))
	recheck, keepAlive := time.NewTicker(s.o.Recheck), time.NewTicker(s.o.KeepAlive)
	defer recheck.Stop()
	defer keepAlive.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.stopping.Done():
			return
		case <-keepAlive.C:
			if x.answer.keepAlive() != nil {
				return
			}
		case <-recheck.C:
			c, err := s.o.Resolve(ctx, x.caller.Addr)
			if ctx.Err() != nil {
				return // the client has gone, which says nothing about the caller
			}
			if err != nil || c.Key() != x.caller.Key() {
				s.o.Log.Info("stream ended: its caller may no longer have it", "caller", x.caller.String(), "request", x.request.ID, "err", err)
				s.o.Dispatcher.Refused(ctx, x.caller, x.request, "the caller may no longer have the stream")
				return
			}
			now := s.view(c)
			for i, method := range changes {
				if wanted[i] && !slices.Equal(last[i], now[i]) {
					_ = x.answer.notify(method, x.tagged())
				}
			}
			last = now
		}
	}
}

// changes are the notifications of a view's parts, in the same order.
var changes = [3]string{
	"notifications/tools/list_changed",
	"notifications/prompts/list_changed",
	"notifications/resources/list_changed",
}

// view is what a caller is shown, by name: tools, prompts, resources.
func (s *Server) view(c caller.Caller) (v [3][]string) {
	for _, t := range s.o.Dispatcher.Tools(c) {
		v[0] = append(v[0], t.Name)
	}
	for _, p := range s.o.Dispatcher.Prompts(c) {
		v[1] = append(v[1], p.Name)
	}
	for _, r := range s.o.Dispatcher.Resources(c) {
		v[2] = append(v[2], r.URI)
	}
	return v
}
