// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// victim is alice: she calls all the time, one call after the other.
type victim struct {
	Every  time.Duration // from the beginning of a call to that of the next, at least
	Change *message      // a change that she makes in turn with her other calls
	Asks   []message     // what she asks besides
}

// tooLate is when a call of hers counts as failed.
const tooLate = 5 * time.Second

// hers are the calls that she makes in turn: one that asks nobody, one that asks
// tailscaled and one that asks the API.
var hers = []message{
	toolCall(modern, "whoami", `{}`),
	toolCall(modern, "list_peers", `{}`),
	toolCall(modern, "list_all_devices", `{}`),
}

// renewed is after how many calls she makes a new connection.
const renewed = 8

// run calls until it is told to stop, and then until the last call has ended: it
// may be the one that takes long.
func (v *victim) run(ctx context.Context, w way) (all []sample) {
	transport := w.transport()
	defer transport.CloseIdleConnections()
	c := &http.Client{Transport: transport, Timeout: tooLate + 500*time.Millisecond}
	turn := hers
	if v.Change != nil {
		turn = append(slices.Clone(hers), *v.Change)
	}
	turn = append(slices.Clone(turn), v.Asks...)
	pace := time.NewTicker(v.Every)
	defer pace.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		if i%renewed == renewed-1 {
			transport.CloseIdleConnections()
		}
		m := turn[i%len(turn)].numbered(i)
		s := sample{Began: time.Now(), Change: v.Change != nil && i%len(turn) == len(hers)}
		how := answer(context.WithoutCancel(ctx), c, w.target, m)
		s.Took = time.Since(s.Began)
		switch {
		case how == hungUp || how == partly:
			s.Problem = fmt.Sprintf("%s: no answer within %s", m.Name, tooLate)
		case s.Change && how == "200 audit_failed":
			s.Refused = true
		case !good(how):
			s.Problem = m.Name + ": " + how
		}
		all = append(all, s)
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
	return all
}

// honest is one person at work: some clients, each with the same servers entered,
// so many connections of one caller.
type honest struct {
	Clients, Servers int
	Burst            int           // calls at once, of all of them together
	Every            time.Duration // from one burst to the next
}

// work are the calls that a burst is made of.
var work = []message{
	toolCall(modern, "list_all_devices", `{}`),
	toolCall(modern, "list_peers", `{}`),
	toolCall(modern, "get_tailnet_status", `{}`),
	toolCall(legacy, "list_all_devices", `{"fields":["all"]}`),
	toolCall(legacy, "whoami", `{}`),
}

// run starts all connections at once, as a client does with all its servers, and
// then sends bursts of calls. What is not answered is counted with the rest.
func (h *honest) run(ctx context.Context, w way, t *tally, sent func()) {
	// It is told to stop between bursts only: a call that was cut off would look
	// like one that was refused.
	sending := context.WithoutCancel(ctx)
	var clients []*http.Client
	var all sync.WaitGroup
	for i := range h.Clients * h.Servers {
		transport := w.transport()
		defer transport.CloseIdleConnections()
		c := &http.Client{Transport: transport, Timeout: tooLate}
		clients = append(clients, c)
		all.Go(func() {
			for _, m := range first(i%h.Clients == 0) {
				t.add(answer(sending, c, w.target, m))
			}
		})
	}
	all.Wait()
	sent()
	var streams sync.WaitGroup
	defer streams.Wait()
	for i, c := range clients {
		if i%h.Clients == 0 {
			streams.Go(func() { t.add(h.stream(ctx, c.Transport, w.target)) })
		}
	}
	pace := time.NewTicker(h.Every)
	defer pace.Stop()
	for i := 0; ctx.Err() == nil; i++ {
		for j := range h.Burst {
			all.Go(func() { t.add(answer(sending, clients[(i+j)%len(clients)], w.target, work[j%len(work)])) })
		}
		all.Wait()
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
	}
}

// first are the messages by which a client begins.
func first(newer bool) []message {
	if newer {
		return []message{rpc(modern, "server/discover", "", ""), rpc(modern, "tools/list", "", "")}
	}
	return []message{initialize(), rpc(legacy, "notifications/initialized", "", ""), rpc(legacy, "tools/list", "", "")}
}

// stream holds a stream open to the end.
func (h *honest) stream(ctx context.Context, transport http.RoundTripper, target string) string {
	r, err := listen().request(ctx, target)
	if err != nil {
		return unsent
	}
	res, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return failure(err)
	}
	defer res.Body.Close()
	how := fmt.Sprint(res.StatusCode)
	if !good(how) {
		return how
	}
	for buffer := make([]byte, 512); ; {
		if _, err := res.Body.Read(buffer); err != nil {
			if errors.Is(err, context.Canceled) && ctx.Err() != nil {
				return how
			}
			return "stream " + failure(err)
		}
	}
}
