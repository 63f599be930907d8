// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"tailscale-mcp/internal/jsonrpc"
)

const (
	methodAcknowledged = "notifications/subscriptions/acknowledged"
	subscriptionKey    = "io.modelcontextprotocol/subscriptionId"
)

// listening is what is known of one subscriptions/listen (2026-07-28,
// "Subscriptions") over all the streams it needs: to the client it is one, from
// its request to its result.
type listening struct {
	id  []byte // tags its notifications
	own bool   // of the proxy: its client made no request that was acknowledged

	acknowledged chan struct{}    // closed after the first acknowledgement
	honoured     filter           // what the server will tell of, by that
	missed       func(msg []byte) // tells the client of what it may have missed
}

// filter is what a subscription is about.
type filter struct {
	ToolsListChanged      bool     `json:"toolsListChanged,omitempty"`
	PromptsListChanged    bool     `json:"promptsListChanged,omitempty"`
	ResourcesListChanged  bool     `json:"resourcesListChanged,omitempty"`
	ResourceSubscriptions []string `json:"resourceSubscriptions,omitempty"`
}

func newListening(id []byte, own bool, write func(msg []byte)) *listening {
	return &listening{id: id, own: own, acknowledged: make(chan struct{}), missed: write}
}

// accepted reports whether the server has taken the subscription.
func (l *listening) accepted() bool {
	select {
	case <-l.acknowledged:
		return true
	default:
		return false
	}
}

// heard takes a notification on its stream, of which there is one at a time,
// and returns what the client is to get of it.
func (l *listening) heard(e *jsonrpc.Envelope, msg []byte) []byte {
	if e.Method != methodAcknowledged {
		return msg
	}
	var said struct {
		Params struct{ Notifications filter }
	}
	_ = json.Unmarshal(msg, &said) // of what it does not say, it tells nothing
	if l.accepted() {
		l.catchUp(said.Params.Notifications)
		return nil
	}
	l.honoured = said.Params.Notifications
	close(l.acknowledged)
	if l.own {
		return nil
	}
	return msg
}

// catchUp tells the client of everything that may have changed while there was
// no stream.
func (l *listening) catchUp(f filter) {
	for _, about := range []struct {
		told   bool
		method string
	}{
		{f.ToolsListChanged, "notifications/tools/list_changed"},
		{f.PromptsListChanged, "notifications/prompts/list_changed"},
		{f.ResourcesListChanged, "notifications/resources/list_changed"},
	} {
		if about.told {
			l.missed([]byte(`{"jsonrpc":"2.0","method":"` + about.method + `","params":{` + l.tag("") + `}}`))
		}
	}
	for _, uri := range f.ResourceSubscriptions {
		l.missed([]byte(`{"jsonrpc":"2.0","method":"notifications/resources/updated","params":{"uri":` + quoted(uri) + l.tag(",") + `}}`))
	}
}

// tag is the member of params that names the subscription, after sep.
func (l *listening) tag(sep string) string {
	if l.own {
		return ""
	}
	return sep + `"_meta":{"` + subscriptionKey + `":` + string(l.id) + `}`
}

// listen sees to c, a modern subscriptions/listen. Until the server has taken
// it, it is a request as any other. After that, a stream that breaks is asked
// for again for as long as the client wants it.
func (r *relay) listen(ctx context.Context, c *call) {
	wait := minReconnect
	for {
		began := time.Now()
		r.exchange(ctx, c, true)
		if !c.listening.accepted() || r.calls.done(c) {
			return
		}
		if time.Since(began) > maxReconnect {
			wait = minReconnect
		}
		r.log.Debug("asking for the subscription again", "id", string(c.id))
		if !sleep(ctx, jitter(wait)) {
			return
		}
		wait = min(2*wait, maxReconnect)
	}
}

// broke answers c with f, unless c is a subscription, which is only
// interrupted by what passes.
func (r *relay) broke(c *call, f *failure) {
	if c.listening != nil && c.listening.accepted() {
		r.log.Debug("a subscription was interrupted", "id", string(c.id), "error", f.Message)
		return
	}
	r.fail(c, f)
}

// passing reports whether an HTTP error may be gone when asked again.
func passing(status int) bool {
	return status >= http.StatusInternalServerError || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}
