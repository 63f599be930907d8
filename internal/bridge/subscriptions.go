// SPDX-License-Identifier: MIT

package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tailscale-mcp/internal/retry"
)

// subscriptions are what a legacy client is to be told without asking: that lists have
// changed, from notifications/initialized on, and the resources it subscribed to. One modern subscription stands for all of them;
// when they change, a new one is made before the old one ends.
type subscriptions struct {
	mu   sync.Mutex
	uris map[string]bool    // wanted
	next *renewal           // not begun; nil when all that is wanted was asked for
	busy bool               // renewals are being made
	told []string           // what the subscription there is tells of
	end  context.CancelFunc // of that; nil when there is none
}

// firstAcknowledgeTime is how long what follows notifications/initialized waits for
// the server to acknowledge the subscription.
const firstAcknowledgeTime = 500 * time.Millisecond

// lists returns the part of the filter that follows from the capabilities of the server.
func (b *Bridge) lists() (f filter) {
	type offer struct{ ListChanged bool }
	var offers struct{ Tools, Prompts, Resources offer }
	if json.Unmarshal(b.server.Capabilities, &offers) == nil {
		f.ToolsListChanged = offers.Tools.ListChanged
		f.PromptsListChanged = offers.Prompts.ListChanged
		f.ResourcesListChanged = offers.Resources.ListChanged
	}
	return f
}

// Initialized begins to notify the client of changed lists, once it has sent
// notifications/initialized. It returns when the server has acknowledged that, or after
// firstAcknowledgeTime: what the client then asks for is not to change without a
// notification.
// session ends with the session of the client.
func (b *Bridge) Initialized(session context.Context) {
	if f := b.lists(); !f.ToolsListChanged && !f.PromptsListChanged && !f.ResourcesListChanged {
		return
	}
	b.subscriptions.mu.Lock()
	n := b.renewSoon(session)
	b.subscriptions.mu.Unlock()
	began, begun := time.Now(), make(chan struct{})
	b.ends.Go(func() {
		<-n.done
		close(begun)
		for wait := retry.First; errors.Is(n.err, errPassing); wait = min(2*wait, retry.Longest) {
			b.ends.Log.Debug("subscribing again", "error", n.err)
			if !retry.Sleep(session, retry.Jitter(wait)) {
				return
			}
			b.subscriptions.mu.Lock()
			n = b.renewSoon(session)
			b.subscriptions.mu.Unlock()
			<-n.done
		}
		switch {
		case n.err != nil:
			b.ends.Log.Info("the server does not tell of changes", "error", n.err)
		case time.Since(began) >= firstAcknowledgeTime:
			n.made.catchUp(n.made.honoured)
		}
	})
	late := time.NewTimer(firstAcknowledgeTime)
	defer late.Stop()
	select {
	case <-begun:
	case <-late.C:
	}
}

// subscribe begins, or ends, that the client is told of changes to the resource uri. It
// returns when the server has acknowledged that, or with ctx. Its error is for the
// client.
func (b *Bridge) subscribe(ctx, session context.Context, uri string, begin bool) error {
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
	n := b.renewSoon(session)
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
