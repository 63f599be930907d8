// SPDX-License-Identifier: MIT

package mcpserver

import (
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/caller"
)

// listen serves subscriptions/listen (2026-07-28): a stream that may stay open
// for hours, long after the decision that opened it. It is therefore decided
// again every Recheck. It ends when a new request of its caller would be
// refused, and says list_changed when what the caller may use has changed.
func (x *exchange) listen() {
	wanted, f := x.subscription()
	if f != nil {
		x.refused(f)
		return
	}
	// The acknowledgement of what the stream will tell is its first message.
	params := x.tagged()
	params["notifications"] = wanted
	if err := x.answer.Notify(acknowledged, params); err != nil {
		return
	}
	x.watch(wanted)
	// A stream that the server ends, ends with a result that bears its tag.
	result := map[string]any{"resultType": "complete", "_meta": map[string]any{subscriptionID: x.m.ID, mcp.MetaKeyServerInfo: x.s.self}}
	x.answer.Send(0, append(append(x.open(nil), mustJSON(result)...), '}'))
}

// subscription is what the client asks for, as far as this server tells it: it
// watches lists, not what is behind a URI.
func (x *exchange) subscription() (mcp.SubscriptionFilter, *failure) {
	if f := x.checkRevision(); f != nil {
		return mcp.SubscriptionFilter{}, f
	}
	var p mcp.SubscriptionsListenParams
	f := x.read(&p)
	p.Notifications.ResourceSubscriptions = nil
	return p.Notifications, f
}

const (
	subscriptionID = mcp.MetaKeySubscriptionID
	acknowledged   = mcp.MethodNotificationSubscriptionsAcknowledged
)

// tagged are the parameters of a notification on this stream: every message of a
// subscription bears the id of the request that opened it.
func (x *exchange) tagged() map[string]any {
	return map[string]any{"_meta": map[string]any{subscriptionID: x.m.ID}}
}

// watch returns when the stream has to end, at once if it is for nothing.
func (x *exchange) watch(asked mcp.SubscriptionFilter) {
	s, ctx := x.s, x.work
	wanted := [3]bool{asked.ToolsListChanged, asked.PromptsListChanged, asked.ResourcesListChanged}
	last := x.view(x.caller)
	// The stream tells of lists, so it is on record as a list is.
	offered := s.o.Dispatcher.Snapshot()
	x.dispatcher.Listed(ctx, x.caller, x.request, len(last[0])+len(last[1])+len(last[2]),
		len(offered.Tools())+len(offered.Prompts())+len(offered.Resources()))
	if asked.IsEmpty() {
		return
	}
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
			if x.answer.KeepAlive() != nil {
				return
			}
		case <-recheck.C:
			c, err := x.visit.Again(ctx)
			if ctx.Err() != nil {
				return // the client has gone, which says nothing about the caller
			}
			if err != nil || c.Key() != x.caller.Key() {
				s.o.Log.Info("stream ended: its caller may no longer have it", "caller", x.caller.String(), "request", x.request.ID, "err", err)
				s.o.Dispatcher.Refused(ctx, x.caller, x.request, "the caller may no longer have the stream")
				return
			}
			now := x.view(c)
			for i, method := range changes {
				if wanted[i] && !slices.Equal(last[i], now[i]) {
					_ = x.answer.Notify(method, x.tagged())
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

// view is what a caller is shown, by name: tools, prompts, resources. Which resources a
// server behind the gate lists itself is not in it.
func (x *exchange) view(c caller.Caller) (v [3][]string) {
	d := x.dispatcher
	for _, t := range d.Tools(c) {
		v[0] = append(v[0], t.Name)
		if t.Server != "" { // what is said of it may become another, too
			v[0] = append(v[0], t.Title, t.Description, string(t.Class), string(t.Input), string(t.Output))
		}
	}
	for _, p := range d.Prompts(c) {
		v[1] = append(v[1], p.Name)
		if p.Server != "" {
			v[1] = append(v[1], p.Title, p.Description)
		}
	}
	if now := d.Snapshot(); now.Others() {
		for _, text := range d.OtherTemplates(now, c) {
			v[2] = append(v[2], string(text))
		}
	}
	for _, r := range d.Resources(c) {
		v[2] = append(v[2], r.URI)
	}
	for i, more := range x.asideLists() {
		v[i] = append(v[i], more)
	}
	return v
}
