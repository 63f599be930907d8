// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"errors"
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
	uris map[string]bool    // wanted
	next *renewal           // not begun; nil when all that is wanted was asked for
	busy bool               // renewals are being made
	told []string           // what the subscription there is tells of
	end  context.CancelFunc // of that; nil when there is none
}

// renewal is one making of the subscription, for all changes since the one
// before it began.
type renewal struct {
	done chan struct{} // closed when the others are set
	made *listening    // nil if err is not
	err  error
}

const (
	// acknowledgeTime is how long a server may take to acknowledge a
	// subscription.
	acknowledgeTime = 10 * time.Second
	// greetTime is how long what follows the greeting waits for that.
	greetTime = 500 * time.Millisecond
)

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
	if t.uris[uri] == begin && !t.busy {
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

// renewSoon is the renewal that will ask for what is wanted now. The caller
// holds subscriptions.mu, which nobody holds while the server is waited for.
func (b *bridge) renewSoon(s *session) *renewal {
	t := &b.subscriptions
	if t.next == nil {
		t.next = &renewal{done: make(chan struct{})}
	}
	if !t.busy {
		t.busy = true
		b.r.calls.workers.Go(func() { b.renewals(s.ctx) })
	}
	return t.next
}

// renewals makes one renewal after the other until nothing more is wanted.
func (b *bridge) renewals(ctx context.Context) {
	t := &b.subscriptions
	for {
		t.mu.Lock()
		n := t.next
		if t.next = nil; n == nil {
			t.busy = false
			t.mu.Unlock()
			return
		}
		wanted := b.lists()
		wanted.ResourceSubscriptions = slices.Sorted(maps.Keys(t.uris))
		t.mu.Unlock()

		made, end, err := b.renew(ctx, wanted)
		t.mu.Lock()
		if err == nil {
			if t.end != nil {
				t.end()
			}
			t.end, t.told = end, made.honoured.ResourceSubscriptions
		}
		for _, uri := range wanted.ResourceSubscriptions {
			if !slices.Contains(t.told, uri) {
				delete(t.uris, uri)
			}
		}
		t.mu.Unlock()
		n.made, n.err = made, err
		close(n.done)
	}
}

// renew makes a subscription to what is wanted, and returns it and what ends
// it. ctx is that of the session.
func (b *bridge) renew(ctx context.Context, wanted filter) (*listening, context.CancelFunc, error) {
	text, err := json.Marshal(wanted)
	if err != nil {
		return nil, nil, err
	}
	id := b.r.ownID()
	o := own{
		msg: []byte(`{"jsonrpc":"2.0","id":` + string(id) + `,"method":"` + methodListen + `","params":{"_meta":{` + b.meta() +
			`},"notifications":` + string(text) + `}}`),
		listening: newListening(id, true, b.r.out.write),
	}
	ctx, end := context.WithCancel(ctx)
	refused := make(chan error, 1)
	b.r.calls.workers.Go(func() { b.keep(ctx, o, refused) })
	late := time.NewTimer(acknowledgeTime)
	defer late.Stop()
	select {
	case <-o.listening.acknowledged:
		return o.listening, end, nil
	case err = <-refused:
	case <-late.C:
		err = fmt.Errorf("no acknowledgement within %v", acknowledgeTime)
	}
	end()
	return nil, nil, fmt.Errorf("subscribing: %w", err)
}

// keep holds a subscription until ctx is done, also over servers that end it.
// One that is not taken to begin with is given up; refused gets the reason.
func (b *bridge) keep(ctx context.Context, o own, refused chan<- error) {
	for wait := minReconnect; ; wait = min(2*wait, maxReconnect) {
		began := time.Now()
		answer, err := b.r.askOwn(ctx, o)
		if !o.listening.accepted() {
			if err == nil {
				_, err = resultOf(answer)
			}
			if err == nil {
				err = errors.New("the server ended it without acknowledging it")
			}
			refused <- err
			return
		}
		if err != nil || ctx.Err() != nil {
			return
		}
		b.r.log.Debug("the server ended the subscription", "answer", string(shown(answer)))
		if time.Since(began) > maxReconnect {
			wait = minReconnect
		}
		if !sleep(ctx, jitter(wait)) {
			return
		}
	}
}
