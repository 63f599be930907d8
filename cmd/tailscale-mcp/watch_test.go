// SPDX-License-Identifier: MIT

//go:build unix

package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"tailscale.com/ipn"

	"tailscale-mcp/internal/testbed"
)

const (
	// every is how often a watched caller calls.
	every = 50 * time.Millisecond
	// callTimeout is when such a call is given up. A connection through a
	// tailscaled that is gone says nothing.
	callTimeout = time.Second
	// within is how soon the daemon has to serve again when tailscaled is back,
	// and to follow a new address.
	within = 5 * time.Second
	// steady is how many calls in a row have to be answered for that.
	steady = 10
)

// backend is a record of the state of a node's tailscaled, as its LocalAPI says it.
type backend struct {
	mu     sync.Mutex
	states []moment
}

type moment struct {
	at      time.Time
	running bool
}

// watchBackend records until t ends.
func watchBackend(t testing.TB, n *testbed.Node) *backend {
	b := &backend{}
	inBackground(t, func(ctx context.Context) {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			asked := time.Now()
			status, err := n.LocalClient().StatusWithoutPeers(ctx)
			b.note(moment{asked, err == nil && status.BackendState == ipn.Running.String() && len(status.TailscaleIPs) > 0})
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	})
	return b
}

func (b *backend) note(m moment) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.states); n == 0 || b.states[n-1].running != m.running {
		b.states = append(b.states, m)
	}
}

// ranAt returns when tailscaled was seen to run again for the last time since a
// moment; the moment itself when it has not stopped since.
func (b *backend) ranAt(since time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	at := since
	for _, s := range b.states {
		if s.running && s.at.After(since) {
			at = s.at
		}
	}
	return at
}

// attempt is one call of a watched caller.
type attempt struct {
	began, ended time.Time
	base         string
	answer
	err error
}

func (a attempt) String() string {
	if a.err != nil {
		return fmt.Sprintf("%s %s (%s): %v", a.began.Format("05.000"), a.base, a.ended.Sub(a.began).Round(time.Millisecond), a.err)
	}
	return fmt.Sprintf("%s %s (%s): %d %.200s", a.began.Format("05.000"), a.base, a.ended.Sub(a.began).Round(time.Millisecond), a.status, a.body)
}

// watched is a caller that calls whoami again and again, whether or not the calls
// before have ended.
type watched struct {
	mu       sync.Mutex
	attempts []attempt // in the order in which they ended
}

// watchCaller calls until t ends. target says for the nth call where it goes and
// by which client.
func watchCaller(t testing.TB, interval time.Duration, target func(n int) (*http.Client, string)) *watched {
	w := &watched{}
	inBackground(t, func(ctx context.Context) {
		var calls sync.WaitGroup
		defer calls.Wait()
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for n := 0; ctx.Err() == nil; n++ {
			c, base := target(n)
			calls.Go(func() {
				ctx, cancel := context.WithTimeout(ctx, callTimeout)
				defer cancel()
				a := attempt{began: time.Now(), base: base}
				a.answer, a.err = call(ctx, c, base, "whoami", nil)
				a.ended = time.Now()
				w.mu.Lock()
				defer w.mu.Unlock()
				w.attempts = append(w.attempts, a)
			})
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	})
	return w
}

// since returns the attempts that began after a moment.
func (w *watched) since(from time.Time) (list []attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.attempts {
		if a.began.After(from) {
			list = append(list, a)
		}
	}
	return list
}

// recovery is when a watched caller was answered again.
type recovery struct {
	first time.Time // for the first time
	row   time.Time // for the first time of a row
}

// recovered looks at the calls that began since a moment.
func (w *watched) recovered(since time.Time) (r recovery, err error) {
	answered := 0
	last := "none has ended"
	for _, a := range w.since(since) {
		if a.err != nil || a.status != http.StatusOK {
			answered, last = 0, a.String()
			continue
		}
		if r.first.IsZero() {
			r.first = a.ended
		}
		if answered++; answered == 1 {
			r.row = a.ended
		}
		if answered == steady {
			return r, nil
		}
	}
	return r, fmt.Errorf("%d calls in a row are answered, want %d; the last that was not: %s", answered, steady, last)
}

// tally counts what came of the attempts that began after a moment.
func (w *watched) tally(from time.Time) string {
	counts := map[string]int{}
	for _, a := range w.since(from) {
		if a.err != nil {
			counts["no connection"]++
		} else {
			counts[http.StatusText(a.status)]++
		}
	}
	return fmt.Sprint(counts)
}

// inBackground runs f until t ends, and waits for it then.
func inBackground(t testing.TB, f func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
}
