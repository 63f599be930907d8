// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// subscriptions are what the legacy client of a bridge is to be told without
// asking: that lists have changed, from notifications/initialized on, and the
// resources it subscribed to. One modern subscription stands for all of them;
// when they change, a new one is made before the old one ends.
type subscriptions struct {
	mu   sync.Mutex
	uris map[string]bool
	end  context.CancelFunc // of the subscription there is; nil when there is none
}

// acknowledgeTime is how long a server may take to acknowledge a subscription.
const acknowledgeTime = 10 * time.Second

// lists is the part of the filter that follows from what the server offers.
func (b *bridge) lists() (f filter) {
	type offer struct{ ListChanged bool }
	var offers struct{ Tools, Prompts, Resources offer }
	if json.Unmarshal(b.server.Capabilities, &offers) == nil {
		f.ToolsListChanged = offers.Tools.ListChanged
		f.PromptsListChanged = offers.Prompts.ListChanged
		f.ResourcesListChanged = offers.Resources.ListChanged
	}
	return f
}

// greeted is called when the client of s is ready to be told things.
func (b *bridge) greeted(s *session) {
	b.subscriptions.mu.Lock()
	defer b.subscriptions.mu.Unlock()
	if f := b.lists(); f.ToolsListChanged || f.PromptsListChanged || f.ResourcesListChanged {
		if _, err := b.renew(s.ctx); err != nil {
			b.r.log.Info("the server does not tell of changes", "error", err)
		}
	}
}

// subscribe begins or ends that the client is told of changes to a resource.
func (b *bridge) subscribe(s *session, uri string, begin bool) error {
	t := &b.subscriptions
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.uris[uri] == begin {
		return nil
	}
	if t.uris == nil {
		t.uris = make(map[string]bool)
	}
	if !begin {
		delete(t.uris, uri)
		_, err := b.renew(s.ctx)
		return err
	}
	t.uris[uri] = true
	honoured, err := b.renew(s.ctx)
	if err == nil && !slices.Contains(honoured.ResourceSubscriptions, uri) {
		err = fmt.Errorf("the server does not tell of changes to %s", uri)
	}
	if err != nil {
		delete(t.uris, uri)
	}
	return err
}

// renew makes a subscription to what is wanted now, in place of the one there
// is, and returns what the server will tell of. ctx is that of the session.
func (b *bridge) renew(ctx context.Context) (filter, error) {
	t := &b.subscriptions
	wanted := b.lists()
	wanted.ResourceSubscriptions = slices.Sorted(maps.Keys(t.uris))
	text, err := json.Marshal(wanted)
	if err != nil {
		return filter{}, err
	}
	id := b.r.ownID()
	o := own{
		msg: []byte(`{"jsonrpc":"2.0","id":` + string(id) + `,"method":"` + methodListen + `","params":{"_meta":{` + b.meta() +
			`},"notifications":` + string(text) + `}}`),
		listening: newListening(id, true, b.r.out.write),
	}
	ctx, end := context.WithCancel(ctx)
	refused := make(chan []byte, 1)
	b.r.calls.workers.Go(func() { b.keep(ctx, o, refused) })
	late := time.NewTimer(acknowledgeTime)
	defer late.Stop()
	select {
	case <-o.listening.acknowledged:
		if t.end != nil {
			t.end()
		}
		t.end = end
		return o.listening.honoured, nil
	case answer := <-refused:
		_, err = resultOf(answer)
	case <-late.C:
		err = fmt.Errorf("no acknowledgement within %v", acknowledgeTime)
	case <-ctx.Done():
		err = ctx.Err()
	}
	end()
	return filter{}, fmt.Errorf("subscribing: %w", err)
}

// keep holds a subscription until ctx is done, also over servers that end it.
// One that is not taken to begin with is given up; refused gets the answer.
func (b *bridge) keep(ctx context.Context, o own, refused chan<- []byte) {
	for wait := minReconnect; ; wait = min(2*wait, maxReconnect) {
		answer, err := b.r.askOwn(ctx, o)
		if err != nil || ctx.Err() != nil {
			return
		}
		if !o.listening.accepted() {
			refused <- answer
			return
		}
		b.r.log.Debug("the server ended the subscription", "answer", string(shown(answer)))
		if !sleep(ctx, jitter(wait)) {
			return
		}
	}
}
