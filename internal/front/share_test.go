// SPDX-License-Identifier: MIT

package front

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/caller"
)

const alice, bob, eve = "100.64.0.1", "100.64.0.2", "100.64.0.3"

// TestRate: a burst, then as many as the seconds give, and nobody else is touched.
func TestRate(t *testing.T) {
	b := newBench(t, Limits{Rate: 10})
	b.grant(alice, bob)
	a := b.client(alice)
	for range 40 {
		b.post(a, "", "").served(t)
	}
	b.post(a, "", "").over(t, "requests", "10 requests per second")
	b.post(b.client(bob), "", "").served(t)
	b.wait(time.Second)
	for range 10 {
		b.post(a, "", "").served(t)
	}
	refused := b.post(a, "", "")
	refused.over(t, "requests", "come again in 1 s")
	if got := b.refusedBy("requests"); got != 2 {
		t.Errorf("%d refusals observed, want 2", got)
	}
	if n := strings.Count(b.log.text.String(), "over its limits"); n != 1 {
		t.Errorf("%d lines in the log, want 1 in 10 s:\n%s", n, b.log.text.String())
	}
}

// TestRateOfBodies: a body counts by its size, announced or not.
func TestRateOfBodies(t *testing.T) {
	b := newBench(t, Limits{Rate: 10})
	b.grant(alice)
	a, large := b.client(alice), strings.Repeat(" ", 2<<20) // counts as 33
	b.post(a, "", large).served(t)
	b.offered(a, large).over(t, "requests", "10 requests per second")
	b.wait(4 * time.Second)
	b.unannounced(a, large).served(t)
	if again := b.unannounced(a, large); again.err == nil { // else it was still being sent
		again.over(t, "requests", "10 requests per second")
	}
	b.wait(4 * time.Second)
	b.post(a, "", strings.Repeat(" ", 4<<20)).served(t) // 65, more than there can ever be: all of them
	b.post(a, "", "").over(t, "requests", "")
}

// TestRateTogether: however many ask at the same moment, no more are let in than the
// time that has passed gives.
func TestRateTogether(t *testing.T) {
	s := newShares(Limits{Rate: 50}.withDefaults(), time.Now)
	sh := s.of(caller.Operator("alice"))
	began := time.Now()
	var admitted, refused atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for range 2000 {
				if wait := sh.request(1); wait == 0 {
					admitted.Add(1)
				} else if refused.Add(1); wait < 0 || wait > time.Second/25 {
					t.Errorf("told to wait %v for one of 50 a second", wait)
				}
			}
		})
	}
	wg.Wait()
	if most := int64(200 + 50*time.Since(began).Seconds() + 1); admitted.Load() > most || refused.Load() == 0 {
		t.Errorf("%d were let in and %d not, want at most %d let in", admitted.Load(), refused.Load(), most)
	}
}

// TestUngranted: without any grant there is enough to ask why, and what a grant
// gives comes with it at once.
func TestUngranted(t *testing.T) {
	b := newBench(t, Limits{})
	e := b.client(eve)
	b.post(e, "", strings.Repeat(" ", 64<<10)).served(t)
	for _, a := range []answer{b.post(e, "", strings.Repeat(" ", 64<<10+1)), b.unannounced(e, strings.Repeat(" ", 64<<10+1))} {
		if a.status != 413 || !strings.Contains(a.body, "whoami") {
			t.Errorf("a large body without a grant: %+v", a)
		}
	}
	b.wait(4 * time.Second)
	for range 20 {
		b.post(e, "", "").served(t)
	}
	b.post(e, "", "").over(t, "requests", "a caller without any grant on this server may have 5 requests")
	b.grant(eve)
	for range 200 {
		b.post(e, "", "").served(t)
	}
	b.post(e, "", "").over(t, "requests", "50 requests")
}

// TestCallsInFlight: those over the limit are refused at once, costly ones count as
// several, and a place is free again when a call ends.
func TestCallsInFlight(t *testing.T) {
	b := newBench(t, Limits{Calls: 8})
	b.grant(alice, bob)
	a := b.client(alice)
	answers := b.hold(a, "weigh=4", 1)
	more := b.hold(a, "", 3)
	refused := b.post(a, "weigh=2", "")
	refused.over(t, "calls", "8 calls in flight")
	if !strings.HasPrefix(refused.body, `{"jsonrpc":"2.0","id":7,`) {
		t.Errorf("the refusal does not bear the request's id: %s", refused.body)
	}
	b.post(a, "", "").served(t) // the eighth
	b.post(b.client(bob), "weigh=99", "").served(t)
	close(b.gate)
	(<-answers).served(t)
	for range 3 {
		(<-more).served(t)
	}
	await(t, "the calls to be given back", func() bool { return b.Stats().Calls == 0 })
	b.post(a, "weigh=99", "").served(t) // alone, more than all is let in
}

// TestBeyondCalls: what may be an answer that calls in flight wait for is let in beyond
// them, within a bound of its own, and does no more there than answer.
func TestBeyondCalls(t *testing.T) {
	b := newBench(t, Limits{Calls: 4})
	b.grant(alice, bob)
	a := b.client(alice)
	answers := b.hold(a, "", 4)
	b.post(a, "", "").over(t, "calls", "4 calls in flight")
	b.post(a, "answer", "").served(t)
	b.post(a, "answer&stream", "").served(t)
	b.post(a, "answer&call", "").over(t, "calls", "4 calls in flight")
	more := b.hold(a, "answer", mostBeyond)
	b.post(a, "answer", "").over(t, "calls", "4 calls in flight")
	b.post(b.client(bob), "answer&call", "").served(t)
	if s := b.Stats(); s.Calls != 4 || s.Streams != 0 {
		t.Errorf("%+v, want 4 calls", s)
	}
	close(b.gate)
	for range 4 {
		(<-answers).served(t)
	}
	for range mostBeyond {
		(<-more).served(t)
	}
	await(t, "all of it to be given back", func() bool {
		b.shares.mu.Lock()
		defer b.shares.mu.Unlock()
		for _, s := range b.shares.byKey {
			if s.beyond != 0 {
				return false
			}
		}
		return true
	})
}

func TestCallsOfTheUngranted(t *testing.T) {
	b := newBench(t, Limits{})
	answers := b.hold(b.client(eve), "", 4)
	b.post(b.client(eve), "", "").over(t, "calls", "4 calls in flight")
	b.grant(eve)
	b.post(b.client(eve), "", "").served(t)
	close(b.gate)
	for range 4 {
		(<-answers).served(t)
	}
}

// TestStreams: a stream no longer counts as a call, and has a limit of its own.
func TestStreams(t *testing.T) {
	b := newBench(t, Limits{Calls: 4, Streams: 6})
	b.grant(alice)
	a := b.client(alice)
	answers := b.hold(a, "stream", 6)
	if s := b.Stats(); s.Streams != 6 || s.Calls != 0 {
		t.Errorf("%+v, want 6 streams and no call", s)
	}
	b.post(a, "stream", "").over(t, "streams", "6 open streams")
	b.post(a, "weigh=4", "").served(t)
	close(b.gate)
	for range 6 {
		(<-answers).served(t)
	}
}

// TestSharesAreBounded: callers who use nothing are forgotten, and those who use
// something are not.
func TestSharesAreBounded(t *testing.T) {
	s := newShares(Limits{}.withDefaults(), time.Now)
	who := func(i int) caller.Caller { return caller.Caller{Login: "x", NodeID: fmt.Sprint(i)} }
	busy := s.of(who(-1))
	busy.take(1)
	for i := range mostCallers + 500 {
		s.of(who(i))
	}
	if len(s.byKey) > mostCallers {
		t.Errorf("%d callers are remembered, want at most %d", len(s.byKey), mostCallers)
	}
	if s.of(who(-1)) != busy {
		t.Error("a caller with a call in flight was forgotten")
	}
}

// TestRaces: callers come, are refused, gain and lose grants, all at once; the
// bench checks that everything is given back.
func TestRaces(t *testing.T) {
	b := newBench(t, Limits{Connections: 8, Calls: 4, Streams: 2, Rate: 5})
	var wg sync.WaitGroup
	for i := range 24 {
		wg.Go(func() {
			c := b.client([]string{alice, bob, eve}[i%3])
			for j := range 30 {
				b.post(c, []string{"", "weigh=3", "stream"}[j%3], strings.Repeat(" ", j<<10))
				if j%5 == i%5 {
					c.CloseIdleConnections()
					b.wait(100 * time.Millisecond)
					b.mu.Lock()
					b.granted[eve] = !b.granted[eve]
					b.mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
}

// TestBeyondUngranted: who is granted nothing waits for no answers, and has no more requests in
// flight than calls, whatever they look like.
func TestBeyondUngranted(t *testing.T) {
	b := newBench(t, Limits{})
	e := b.client(eve)
	answers := b.hold(e, "", ungranted.Calls)
	b.post(e, "answer", "").over(t, "calls", fmt.Sprintf("%d calls", ungranted.Calls))
	close(b.gate)
	for range ungranted.Calls {
		(<-answers).served(t)
	}
}

// TestKeep: what goes on when its request has ended counts as a call, until it is over.
func TestKeep(t *testing.T) {
	b := newBench(t, Limits{Calls: 3})
	b.grant(alice, bob)
	a := b.client(alice)
	for range 2 {
		b.post(a, "keep", "").served(t)
	}
	b.post(a, "", "").served(t) // the third
	b.post(a, "keep", "").over(t, "calls", "3 calls")
	b.post(b.client(bob), "keep", "").served(t)
	if n := b.Stats().Calls; n != 3 {
		t.Errorf("%d calls are kept, want 3", n)
	}
	for _, release := range b.kept {
		release()
		release() // which gives nothing back again
	}
	await(t, "all to be given back", func() bool { return b.Stats().Calls == 0 })
	b.post(a, "weigh=3", "").served(t)
}
