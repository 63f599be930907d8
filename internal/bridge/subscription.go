// SPDX-License-Identifier: MIT

package bridge

import (
	"encoding/json"

	"tailscale-mcp/internal/jsonrpc"
)

// subscriptionKey is the member of _meta that names the subscription of a notification.
const subscriptionKey = "io.modelcontextprotocol/subscriptionId"

// Subscription is one subscriptions/listen (2026-07-28, "Subscriptions") over all the
// streams it needs: to the client it is one, from its request to its result.
type Subscription struct {
	id  []byte // tags its notifications
	own bool   // of the bridge: its client made no request that was acknowledged

	acknowledged chan struct{}    // closed after the first acknowledgement
	honoured     filter           // what the server will tell of, by that
	notify       func(msg []byte) // sends the client a notification
}

// filter names the changes that a subscription is about.
type filter struct {
	ToolsListChanged      bool     `json:"toolsListChanged,omitempty"`
	PromptsListChanged    bool     `json:"promptsListChanged,omitempty"`
	ResourcesListChanged  bool     `json:"resourcesListChanged,omitempty"`
	ResourceSubscriptions []string `json:"resourceSubscriptions,omitempty"`
}

// NewSubscription returns the subscription that a modern client asks for with a request
// of this id. notify sends that client a notification that it may have missed.
func NewSubscription(id []byte, notify func(msg []byte)) *Subscription {
	return &Subscription{id: id, acknowledged: make(chan struct{}), notify: notify}
}

// newOwn returns a subscription of the bridge, for a client that cannot ask for one.
func newOwn(id []byte, notify func(msg []byte)) *Subscription {
	s := NewSubscription(id, notify)
	s.own = true
	return s
}

// Accepted reports whether the server has acknowledged the subscription.
func (s *Subscription) Accepted() bool {
	select {
	case <-s.acknowledged:
		return true
	default:
		return false
	}
}

// Heard takes a notification on the stream of the subscription, of which there is one at
// a time, and returns what the client is to get of it: msg, or nil for nothing.
func (s *Subscription) Heard(e *jsonrpc.Envelope, msg []byte) []byte {
	if e.Method != methodAcknowledged {
		return msg
	}
	var said struct {
		Params struct{ Notifications filter }
	}
	_ = json.Unmarshal(msg, &said) // of what it does not say, it tells nothing
	if s.Accepted() {
		s.catchUp(said.Params.Notifications)
		return nil
	}
	s.honoured = said.Params.Notifications
	close(s.acknowledged)
	if s.own {
		return nil
	}
	return msg
}

// catchUp notifies the client of every change in f that there may have been while there
// was no stream.
func (s *Subscription) catchUp(f filter) {
	for _, about := range []struct {
		told   bool
		method string
	}{
		{f.ToolsListChanged, "notifications/tools/list_changed"},
		{f.PromptsListChanged, "notifications/prompts/list_changed"},
		{f.ResourcesListChanged, "notifications/resources/list_changed"},
	} {
		if about.told {
			s.notify([]byte(`{"jsonrpc":"2.0","method":"` + about.method + `","params":{` + s.tag("") + `}}`))
		}
	}
	for _, uri := range f.ResourceSubscriptions {
		s.notify([]byte(`{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":` + quoted(uri) + s.tag(",") + `}}`))
	}
}

// tag returns the member of params that names the subscription, after sep; "" for one
// that the client does not know of.
func (s *Subscription) tag(sep string) string {
	if s.own {
		return ""
	}
	return sep + `"_meta":{"` + subscriptionKey + `":` + string(s.id) + `}`
}
