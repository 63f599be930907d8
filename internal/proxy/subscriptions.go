// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	uris map[string]bool    // wanted
	next *renewal           // not begun; nil when all that is wanted was asked for
	busy bool               // renewals are being made
	told []string           // what the subscription there is tells of
	end  context.CancelFunc // of that; nil when there is none
}

// greetTime is how long what follows the greeting waits for the server to
// acknowledge the subscription.
const greetTime = 500 * time.Millisecond

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

// greeted is called when the client of s is ready to be told things. What it
// then asks for is not to change without its hearing of it.
func (b *bridge) greeted(s *session) {
	if f := b.lists(); !f.ToolsListChanged && !f.PromptsListChanged && !f.ResourcesListChanged {
		return
	}
	b.subscriptions.mu.Lock()
	n := b.renewSoon(s)
	b.subscriptions.mu.Unlock()
	began, begun := time.Now(), make(chan struct{})
	b.r.calls.workers.Go(func() {
		<-n.done
		close(begun)
		for wait := minReconnect; errors.Is(n.err, errPassing); wait = min(2*wait, maxReconnect) {
			b.r.log.Debug("subscribing again", "error", n.err)
			if !sleep(s.ctx, jitter(wait)) {
				return
			}
			b.subscriptions.mu.Lock()
			n = b.renewSoon(s)
			b.subscriptions.mu.Unlock()
			<-n.done
		}
		switch {
		case n.err != nil:
			b.r.log.Info("the server does not tell of changes", "error", n.err)
		case time.Since(began) >= greetTime:
			n.made.catchUp(n.made.honoured)
		}
	})
	late := time.NewTimer(greetTime)
	defer late.Stop()
	select {
	case <-begun:
	case <-late.C:
	}
}

// subscribe begins or ends that the client is told of changes to a resource.
func (b *bridge) subscribe(ctx context.Context, s *session, uri string, begin bool) error {
	t := &b.subscriptions
	t.mu.Lock()
	if t.uris[uri] == begin && slices.Contains(t.told, uri) == begin && !t.busy {
		t.mu.Unlock()
		return nil
	}
	if t.uris == nil {
		t.uris = make(map[string]bool)
	}
	if begin {
		t.uris[uri] = true
	} else {
		delete(t.uris, uri)
	}
	n := b.renewSoon(s)
	t.mu.Unlock()
	select {
	case <-n.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if n.err == nil && begin && !slices.Contains(n.made.honoured.ResourceSubscriptions, uri) {
		return fmt.Errorf("the server does not tell of changes to %s", uri)
	}
	return n.err
}
