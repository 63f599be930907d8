// SPDX-License-Identifier: MIT

package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/retry"
)

// renewal is one making of the subscription at the server, for all changes to what is
// wanted since the renewal before it began.
type renewal struct {
	done chan struct{} // closed when the others are set
	made *Subscription // nil if err is not
	err  error
}

// acknowledgeTime is how long a server may take to acknowledge a subscription.
const acknowledgeTime = 10 * time.Second

// errPassing is in the error of a renewal that may do better a little later.
var errPassing = errors.New("not now")

// renewSoon returns the renewal that will ask for what is wanted now. The caller
// holds subscriptions.mu, which nobody holds while the server is waited for.
func (b *Bridge) renewSoon(session context.Context) *renewal {
	t := &b.subscriptions
	if t.next == nil {
		t.next = &renewal{done: make(chan struct{})}
	}
	if !t.busy {
		t.busy = true
		b.ends.Go(func() { b.renewals(session) })
	}
	return t.next
}

// renewals makes one renewal after the other until nothing more is wanted.
func (b *Bridge) renewals(ctx context.Context) {
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

		made, end, err := b.resubscribe(ctx, wanted)
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

// resubscribe makes a subscription to what is wanted, and returns it once the server
// has acknowledged it, with the function that ends it. ctx is that of the session.
func (b *Bridge) resubscribe(ctx context.Context, wanted filter) (*Subscription, context.CancelFunc, error) {
	text, err := json.Marshal(wanted)
	if err != nil {
		return nil, nil, err
	}
	id := b.ends.NewID()
	msg := []byte(`{"jsonrpc":"2.0","id":` + string(id) + `,"method":"` + methodListen + `","params":{"_meta":{` + b.meta() +
		`},"notifications":` + string(text) + `}}`)
	made := newOwn(id, b.ends.Notify)
	ctx, end := context.WithCancel(ctx)
	refused := make(chan error, 1)
	b.ends.Go(func() { b.keep(ctx, msg, made, refused) })
	late := time.NewTimer(acknowledgeTime)
	defer late.Stop()
	select {
	case <-made.acknowledged:
		return made, end, nil
	case err = <-refused:
	case <-late.C:
		err = fmt.Errorf("no acknowledgement within %v", acknowledgeTime)
	}
	end()
	return nil, nil, fmt.Errorf("subscribing: %w", err)
}

// keep holds the subscription s, which msg asks for, until ctx is done, also over servers
// that end it. One that is not accepted to begin with is given up; refused gets the
// reason.
func (b *Bridge) keep(ctx context.Context, msg []byte, s *Subscription, refused chan<- error) {
	for wait := retry.First; ; wait = min(2*wait, retry.Longest) {
		began := time.Now()
		answer, err := b.ends.Listen(ctx, msg, s)
		if !s.Accepted() {
			if err == nil {
				err = refusalIn(answer)
			}
			refused <- err
			return
		}
		if err != nil || ctx.Err() != nil {
			return
		}
		b.ends.Log.Debug("the server ended the subscription", "answer", string(jsonrpc.Excerpt(answer)))
		if time.Since(began) > retry.Longest {
			wait = retry.First
		}
		if !retry.Sleep(ctx, retry.Jitter(wait)) {
			return
		}
	}
}

// refusalIn returns why a subscription was answered and not acknowledged.
func refusalIn(answer []byte) error {
	_, err := resultOf(answer)
	var said struct{ Error fault.Error }
	switch {
	case err == nil:
		return errors.New("the server ended it without acknowledging it")
	case json.Unmarshal(answer, &said) != nil:
		return err
	}
	if said.Error.Passing() {
		return fmt.Errorf("%w: %w", errPassing, err)
	}
	return err
}
