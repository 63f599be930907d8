// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"tailscale-mcp/internal/jsonrpc"
)

// renewal is one making of the subscription, for all changes since the one
// before it began.
type renewal struct {
	done chan struct{} // closed when the others are set
	made *listening    // nil if err is not
	err  error
}

// acknowledgeTime is how long a server may take to acknowledge a subscription.
const acknowledgeTime = 10 * time.Second

// errPassing is in the error of a renewal that may do better a little later.
var errPassing = errors.New("not now")

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

// resubscribe makes a subscription to what is wanted, and returns it and what ends
// it. ctx is that of the session.
func (b *bridge) resubscribe(ctx context.Context, wanted filter) (*listening, context.CancelFunc, error) {
	text, err := json.Marshal(wanted)
	if err != nil {
		return nil, nil, err
	}
	id := b.r.ownID()
	o := ownRequest{
		msg: []byte(`{"jsonrpc":"2.0","id":` + string(id) + `,"method":"` + methodListen + `","params":{"_meta":{` + b.meta() +
			`},"notifications":` + string(text) + `}}`),
		listening: newListening(id, true, b.r.out.Write),
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
func (b *bridge) keep(ctx context.Context, o ownRequest, refused chan<- error) {
	for wait := minReconnect; ; wait = min(2*wait, maxReconnect) {
		began := time.Now()
		answer, err := b.r.askOwn(ctx, o)
		if !o.listening.accepted() {
			if err == nil {
				err = refusalIn(answer)
			}
			refused <- err
			return
		}
		if err != nil || ctx.Err() != nil {
			return
		}
		b.r.log.Debug("the server ended the subscription", "answer", string(jsonrpc.Excerpt(answer)))
		if time.Since(began) > maxReconnect {
			wait = minReconnect
		}
		if !sleep(ctx, jitter(wait)) {
			return
		}
	}
}

// refusalIn is why a subscription was answered and not acknowledged.
func refusalIn(answer []byte) error {
	_, err := resultOf(answer)
	var said struct{ Error failure }
	switch {
	case err == nil:
		return errors.New("the server ended it without acknowledging it")
	case json.Unmarshal(answer, &said) != nil:
		return err
	}
	switch f := said.Error; {
	case f.Code == CodeUnreachable, f.Code == CodeInterrupted, f.Code == CodeHTTPStatus && f.Data != nil && passing(f.Data.HTTPStatus):
		return fmt.Errorf("%w: %w", errPassing, err)
	}
	return err
}
