// SPDX-License-Identifier: MIT

package mcpserver

import (
	"context"
	"slices"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/mcpserver/message"
	"tailscale-mcp/internal/session"
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
	// What a server says while it is told of subscriptions would come before the first message.
	x.request.Logging, x.request.Progress = gate.Logging{}, nil
	defer x.hear(&wanted)()
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

// subscription is what the client asks for, as far as this server tells it: of ours it
// watches lists, not what is behind a URI.
func (x *exchange) subscription() (mcp.SubscriptionFilter, *failure) {
	if f := x.checkRevision(); f != nil {
		return mcp.SubscriptionFilter{}, f
	}
	var p mcp.SubscriptionsListenParams
	f := x.read(&p)
	if x.s.o.Sessions == nil || !x.s.o.Behind.Subscribe {
		p.Notifications.ResourceSubscriptions = nil
	}
	if n := len(p.Notifications.ResourceSubscriptions); f == nil && n > session.MostSubscriptions {
		f = message.InvalidParams("params.notifications.resourceSubscriptions has %d URIs, of %d at most", n, session.MostSubscriptions)
	}
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
	last := x.recorded(x.caller)
	if asked.IsEmpty() {
		return
	}
	var wake <-chan struct{}
	if x.session != nil {
		wake = x.session.Wake()
	}
	c := x.caller
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
		case <-wake:
			for _, e := range x.session.Take() {
				if x.dispatcher.MayReadOther(c, e.URI) {
					params := x.tagged()
					params["uri"] = e.URI
					_ = x.answer.Notify(e.Method, params)
				}
			}
		case <-recheck.C:
			var ok bool
			if c, ok = x.still(c); !ok {
				return
			}
			now := x.view(c)
			for i, method := range changes {
				if wanted[i] && (!slices.Equal(last[i], now[i]) || i == 2 && x.relisted(c)) {
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

// looked is what a stream has found that its caller is shown. The definitions of a server
// may be large, and who listens for hours looks often: it is made anew when there is another
// snapshot, when the grants are others, and once in a while, since a grant may end.
type looked struct {
	of    *gate.Snapshot
	rules grant.Rules
	view  [3][]string
	shown int // how many things view is about
	at    time.Time
	// relist is when the server may be asked for its list again.
	relist time.Time
}

const looksAgain = 10 * time.Second

// recorded is the view of a caller at the beginning of a stream. That tells of lists, so it
// is on record as a list is.
func (x *exchange) recorded(c caller.Caller) [3][]string {
	view, offered := x.view(c), x.s.o.Dispatcher.Snapshot()
	x.dispatcher.Listed(x.work, c, x.request, x.looked.shown, len(offered.Tools())+len(offered.Prompts())+len(offered.Resources()))
	return view
}

// view is what a caller is shown, by name: tools, prompts, resources. Which resources a
// server behind the gate lists itself is not in it.
func (x *exchange) view(c caller.Caller) (v [3][]string) {
	d := x.dispatcher
	if l := &x.looked; x.s.o.Behind != nil && l.of == d.Snapshot() && l.rules.Equal(c.Rules) && time.Since(l.at) < looksAgain {
		return l.view
	}
	shown := 0
	defer func(of *gate.Snapshot) { x.looked = looked{of, c.Rules, v, shown, time.Now(), x.looked.relist} }(d.Snapshot())
	hides := x.hides()
	for _, t := range d.Tools(c) {
		if hides(gate.ATool, t.Name) {
			continue
		}
		shown++
		v[0] = append(v[0], t.Name)
		if t.Server != "" { // what is said of it may become another, too
			v[0] = append(v[0], t.Title, t.Description, string(t.Class), string(t.Input), string(t.Output))
		}
	}
	for _, p := range d.Prompts(c) {
		if hides(gate.APrompt, p.Name) {
			continue
		}
		shown++
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
		shown++
		v[2] = append(v[2], r.URI)
	}
	for i, more := range x.asideLists() {
		v[i] = append(v[i], more)
	}
	return v
}

// farewell is how long a stream that has ended takes at most to have a server tell no more.
const farewell = 10 * time.Second

// hear has the stream of a client without a session hear what a server behind the gate
// says to its caller's process, and leaves in wanted what it will be told. It returns what
// ends that.
func (x *exchange) hear(wanted *mcp.SubscriptionFilter) (end func()) {
	if x.s.o.Sessions == nil {
		return func() {}
	}
	own, leave := x.s.o.Sessions.Join(x.s.o.Behind.Name, x.holder())
	x.session = own
	wanted.ResourceSubscriptions = slices.DeleteFunc(wanted.ResourceSubscriptions, func(uri string) bool { return x.subscribed(uri) != nil })
	return func() {
		leave()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(x.work), farewell)
		defer cancel()
		others := x.s.o.Sessions.Hearing(own.Server, own.ID)
		for _, uri := range own.Subscriptions() {
			if !slices.ContainsFunc(others, func(o *session.Session) bool { return slices.Contains(o.Subscriptions(), uri) }) {
				_ = x.s.o.Behind.Tell(ctx, own, string(mcp.MethodResourcesUnsubscribe), "uri", uri) // else it tells in vain
			}
		}
	}
}
