// SPDX-License-Identifier: MIT

package identity

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/caller"
)

// asker answers each question after a while with the number of the question as
// the node's ID.
type asker struct {
	asked atomic.Int32
	takes time.Duration
	err   func(question int32) error
}

func (a *asker) ask(ctx context.Context, _ netip.AddrPort) (caller.Caller, error) {
	n := a.asked.Add(1)
	select {
	case <-time.After(a.takes):
	case <-ctx.Done():
		return caller.Caller{}, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	if a.err != nil {
		if err := a.err(n); err != nil {
			return caller.Caller{}, err
		}
	}
	return caller.Caller{NodeID: fmt.Sprint(n)}, nil
}

func (a *asker) lookups() *lookups { return &lookups{ask: a.ask, maxAge: time.Second} }

// get asks l and wants the answer to the given question.
func get(t *testing.T, l *lookups, remote string, want int) {
	t.Helper()
	c, err := l.get(t.Context(), netip.MustParseAddrPort(remote))
	if err != nil || c.NodeID != fmt.Sprint(want) {
		t.Errorf("%s: got the answer to question %q, error %v; want that to question %d", remote, c.NodeID, err, want)
	}
}

func TestOneQuestionForConcurrentRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{takes: 10 * time.Millisecond}
		l := a.lookups()
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() { get(t, l, fmt.Sprintf("100.64.0.1:%d", 1000+i), 1) })
		}
		wg.Wait()
		get(t, l, "100.64.0.1:2000", 1)
		get(t, l, "100.64.0.2:2000", 2)
		get(t, l, "[fd7a:115c:a1e0::1]:2000", 3)
	})
}

// TestAnswersAreKeptASecond: counted from the question, not from the answer.
func TestAnswersAreKeptASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{takes: 900 * time.Millisecond}
		l := a.lookups()
		get(t, l, "100.64.0.1:1", 1) // asked at 0 s, answered at 0.9 s
		time.Sleep(100*time.Millisecond - time.Nanosecond)
		get(t, l, "100.64.0.1:1", 1)
		time.Sleep(time.Nanosecond)
		get(t, l, "100.64.0.1:1", 2) // asked at 1 s
	})
}

// TestReadingDoesNotLengthenAge: a busy peer is asked about every second too.
func TestReadingDoesNotLengthenAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{}
		l := a.lookups()
		for range 100 {
			if _, err := l.get(t.Context(), laptop); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if got := a.asked.Load(); got != 10 {
			t.Errorf("got %d questions in 10 s, want 10", got)
		}
	})
}

// TestOldFlightIsNotJoined: the answer to a question that was asked more than a
// second ago is too old, even when it has not come yet.
func TestOldFlightIsNotJoined(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{takes: 1500 * time.Millisecond}
		l := a.lookups()
		var wg sync.WaitGroup
		wg.Go(func() { get(t, l, "100.64.0.1:1", 1) })
		time.Sleep(time.Second - time.Nanosecond)
		wg.Go(func() { get(t, l, "100.64.0.1:1", 1) })
		time.Sleep(time.Nanosecond)
		wg.Go(func() { get(t, l, "100.64.0.1:1", 2) }) // the first is still under way
		wg.Wait()
		// The first answer came later than the second question was asked, and
		// must not have taken its place.
		if got := a.asked.Load(); got != 2 {
			t.Errorf("got %d questions, want 2", got)
		}
	})
}

// TestLoopbackIsNeverShared: in userspace networking peers come from loopback,
// where a port belongs to one peer only as long as its connection lasts.
func TestLoopbackIsNeverShared(t *testing.T) {
	for _, remote := range []string{"127.0.0.1:4000", "[::1]:4000", "192.168.1.2:4000", "100.115.92.1:4000" /* ChromeOS, no peer's */} {
		synctest.Test(t, func(t *testing.T) {
			a := &asker{}
			l := a.lookups()
			get(t, l, remote, 1)
			get(t, l, remote, 2) // may be somebody else by now
			a.takes = time.Millisecond
			var wg sync.WaitGroup
			for range 10 {
				wg.Go(func() { _, _ = l.get(t.Context(), netip.MustParseAddrPort(remote)) })
			}
			wg.Wait()
			if got := a.asked.Load(); got != 12 {
				t.Errorf("%s: got %d questions of 12 requests, want one each", remote, got)
			}
			if len(l.entries) > 0 {
				t.Errorf("%s: got %d answers kept, want none", remote, len(l.entries))
			}
		})
	}
}

// TestHangingUpFailsNobodyElse: not even when it was whoever asked first.
func TestHangingUpFailsNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &asker{takes: time.Millisecond * 500}
		l := a.lookups()
		first, hangUp := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := l.get(first, laptop); !errors.Is(err, context.Canceled) {
				t.Errorf("got error %v, want that the caller has hung up", err)
			}
		})
		synctest.Wait()
		for range 10 {
			wg.Go(func() { get(t, l, "100.64.0.1:1", 1) })
		}
		synctest.Wait()
		hangUp()
		wg.Wait()
	})
}

// TestHangingUpDoesNotWait: a caller that is gone does not hold its request.
func TestHangingUpDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := (&asker{takes: time.Hour}).lookups()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		begin := time.Now()
		if _, err := l.get(ctx, laptop); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got error %v, want the deadline", err)
		}
		if waited := time.Since(begin); waited != time.Millisecond {
			t.Errorf("waited %v, want a millisecond", waited)
		}
		time.Sleep(time.Hour) // the question ends
	})
}

// TestUnavailableIsNotKept: nobody is refused for a tailscaled that is back.
// What tailscaled did say is kept, be it a refusal.
func TestUnavailableIsNotKept(t *testing.T) {
	for reason, kept := range map[error]bool{ErrUnavailable: false, ErrUnknown: true, ErrMalformedGrant: true} {
		synctest.Test(t, func(t *testing.T) {
			a := &asker{err: func(question int32) error {
				if question == 1 {
					return fmt.Errorf("%w: for a test", reason)
				}
				return nil
			}}
			l := a.lookups()
			if _, err := l.get(t.Context(), laptop); !errors.Is(err, reason) {
				t.Errorf("got error %v, want %v", err, reason)
			}
			synctest.Wait()
			if _, err := l.get(t.Context(), laptop); errors.Is(err, reason) != kept {
				t.Errorf("again: got error %v, want %v kept: %v", err, reason, kept)
			}
		})
	}
}

// TestLateFailureLeavesTheNewAnswer: a question that fails late does not take
// away the answer to the next one.
func TestLateFailureLeavesTheNewAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var questions atomic.Int32
		l := &lookups{maxAge: time.Second, ask: func(context.Context, netip.AddrPort) (caller.Caller, error) {
			n := questions.Add(1)
			if n == 1 {
				time.Sleep(1500 * time.Millisecond)
				return caller.Caller{}, fmt.Errorf("%w: for a test", ErrUnavailable)
			}
			return caller.Caller{NodeID: fmt.Sprint(n)}, nil
		}}
		go func() { _, _ = l.get(t.Context(), laptop) }()
		time.Sleep(time.Second)
		get(t, l, "100.64.0.1:1", 2)
		time.Sleep(600 * time.Millisecond)
		synctest.Wait()
		get(t, l, "100.64.0.1:1", 2)
	})
}

// TestFloodIsBounded: many addresses cost neither memory nor anybody's answer.
func TestFloodIsBounded(t *testing.T) {
	for name, pause := range map[string]time.Duration{"within a second": 0, "over time": time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &asker{}
				l := a.lookups()
				addr := netip.MustParseAddr("fd7a:115c:a1e0::")
				most := 0
				for i := range 3 * mostKept {
					addr = addr.Next()
					c, err := l.get(t.Context(), netip.AddrPortFrom(addr, 1))
					if err != nil || c.NodeID != fmt.Sprint(i+1) {
						t.Fatalf("%v: got the answer to question %s, error %v; want that to question %d", addr, c.NodeID, err, i+1)
					}
					l.mu.Lock()
					most = max(most, len(l.entries))
					l.mu.Unlock()
					time.Sleep(pause)
				}
				if most > mostKept {
					t.Errorf("got %d answers kept, want at most %d", most, mostKept)
				}
			})
		})
	}
}

// TestMakingRoomKeepsWhatIsFresh: what is too old to be used goes first.
func TestMakingRoomKeepsWhatIsFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := (&asker{}).lookups()
		addr := netip.MustParseAddr("fd7a:115c:a1e0::")
		for range mostKept - 1 {
			addr = addr.Next()
			if _, err := l.get(t.Context(), netip.AddrPortFrom(addr, 1)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second)
		get(t, l, "100.64.0.1:1", mostKept)
		get(t, l, "100.64.0.2:1", mostKept+1) // makes room
		get(t, l, "100.64.0.1:1", mostKept)
		if got := len(l.entries); got != 2 {
			t.Errorf("got %d answers kept, want the 2 that are fresh", got)
		}
	})
}

func TestMaxAgeIsASecondAtMost(t *testing.T) {
	for _, tt := range []struct{ asked, want time.Duration }{
		{0, time.Second},
		{time.Hour, time.Second},
		{time.Second, time.Second},
		{100 * time.Millisecond, 100 * time.Millisecond},
		{-1, -1},
	} {
		if got := New(Options{MaxAge: tt.asked}).lookups.maxAge; got != tt.want {
			t.Errorf("MaxAge %v: got %v, want %v", tt.asked, got, tt.want)
		}
	}
}

func TestNegativeMaxAgeKeepsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &lookups{ask: (&asker{}).ask, maxAge: -1}
		for i := range 3 {
			get(t, l, "100.64.0.1:1", i+1)
		}
		if len(l.entries) > 0 {
			t.Errorf("got %d answers kept, want none", len(l.entries))
		}
	})
}

// TestKeptCallerHasItsOwnAddress: what is kept is who is there, not which of
// its connections asked.
func TestKeptCallerHasItsOwnAddress(t *testing.T) {
	daemon := startTailscaled(t)
	daemon.knows(`{` + node + `,` + alice + `}`)
	r, _ := resolver(daemon.client, func(o *Options) { o.MaxAge = time.Second })
	for port := range uint16(20) {
		remote := netip.AddrPortFrom(laptop.Addr(), 1000+port)
		c, err := r.Resolve(t.Context(), remote)
		if err != nil || c.Addr != remote {
			t.Errorf("got address %v, error %v; want %v", c.Addr, err, remote)
		}
	}
}

// TestSelfIsDecidedAnew: becoming the caller's own node takes effect at once,
// whatever answer is kept.
func TestSelfIsDecidedAnew(t *testing.T) {
	daemon := startTailscaled(t)
	daemon.knows(`{` + node + `,` + alice + `}`)
	self := "nServer"
	r, _ := resolver(daemon.client, func(o *Options) {
		o.MaxAge = time.Second
		o.Self = func() (string, bool) { return self, true }
	})
	if _, err := r.Resolve(t.Context(), laptop); err != nil {
		t.Fatal(err)
	}
	self = "nLaptop"
	c, err := r.Resolve(t.Context(), laptop)
	checkRefused(t, c, err, ErrSelf)
	if !strings.Contains(err.Error(), "TAILSCALE_MCP_ALLOW_SELF=true") {
		t.Errorf("got %v, want the way out in it", err)
	}
}

// TestResolveManyAtOnce drives the real client from many sides, for the race
// detector: no answer reaches another peer.
func TestResolveManyAtOnce(t *testing.T) {
	daemon := startTailscaled(t)
	daemon.answers(answerByAddress)
	r, _ := resolver(daemon.client, func(o *Options) { o.MaxAge = time.Millisecond })
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 25 {
				addr := fmt.Sprintf("100.64.0.%d", (i+j)%5+1)
				c, err := r.Resolve(t.Context(), netip.MustParseAddrPort(addr+":1"))
				if err != nil || c.NodeID != "n"+addr {
					t.Errorf("%s: got node %q, error %v", addr, c.NodeID, err)
				}
			}
		})
	}
	wg.Wait()
}
