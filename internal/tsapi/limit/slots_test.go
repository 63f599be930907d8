// SPDX-License-Identifier: MIT

package limit

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tailscale-mcp/internal/failure"
)

// line lets callers queue one after the other and tells who got a slot.
type line struct {
	t *testing.T
	*Slots
	got chan string
}

func newLine(t *testing.T, size int) *line {
	return &line{t, NewSlots(size), make(chan string, 1000)}
}

// queue asks for a slot and returns when it waits or has it.
func (l *line) queue(key, name string) {
	l.t.Helper()
	go func() {
		if err := l.Take(l.t.Context(), key); err != nil {
			name += ": " + string(failure.CodeOf(err))
		}
		l.got <- name
	}()
	synctest.Wait()
}

// next is whoever got a slot, or - when nobody did.
func (l *line) next() string {
	synctest.Wait()
	select {
	case name := <-l.got:
		return name
	default:
		return "-"
	}
}

func (l *line) want(names ...string) {
	l.t.Helper()
	for _, want := range names {
		if got := l.next(); got != want {
			l.t.Errorf("got %s next, want %s", got, want)
		}
	}
}

// A caller with a hundred waiting makes another wait for one of them.
func TestSlotsAreDealtInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, 1)
		l.queue("a", "a0")
		for i := range 100 {
			l.queue("a", fmt.Sprint("a", i+1))
		}
		l.queue("b", "b1")
		l.queue("b", "b2")
		l.queue("c", "c1")
		l.want("a0", "-")
		owner := "a"
		for _, want := range []string{"a1", "b1", "c1", "a2", "b2", "a3", "a4"} {
			l.Give(owner)
			l.want(want, "-")
			owner = want[:1]
		}
		for i := 5; i <= 100; i++ {
			l.Give("a")
			l.want(fmt.Sprint("a", i), "-")
		}
	})
}

// A caller alone leaves slots to another, and takes them all when there are few.
func TestSlotsOfOneCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, 8)
		for i := range 10 {
			l.queue("a", fmt.Sprint("a", i))
		}
		l.want("a0", "a1", "a2", "a3", "a4", "a5", "-")
		l.queue("b", "b0")
		l.queue("", "itself")
		l.want("b0", "itself", "-")
		l.queue("c", "c0")
		l.want("-")
		l.Give("b") // a has as many as it may
		l.want("c0", "-")
		l.Give("a")
		l.want("a6", "-")
		if used, waiting := l.Count(); used != 8 || waiting != 3 {
			t.Errorf("got %d used and %d waiting, want 8 and 3", used, waiting)
		}
		for _, next := range []string{"a7", "a8", "a9"} {
			l.Give("a")
			l.want(next, "-")
		}
		for range 6 {
			l.Give("a")
		}
		l.Give("c")
		l.Give("")
		if used, waiting := l.Count(); used != 0 || waiting != 0 || len(l.of) != 0 || len(l.waiting) != 0 || len(l.turns) != 0 {
			t.Errorf("got %d used, %d waiting, %v %v %v, want nothing left", used, waiting, l.of, l.waiting, l.turns)
		}
	})
}

// Nobody queues without bound, and who leaves the queue leaves nothing behind.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(t, 1)
		l.queue("b", "b0")
		l.want("b0")
		ctx, leave := context.WithCancel(t.Context())
		errs := make(chan error, maxQueue)
		for range maxQueue {
			go func() { errs <- l.Take(ctx, "a") }()
		}
		synctest.Wait()
		l.queue("a", "one too many")
		l.want("one too many: rate_limited")
		leave()
		for range maxQueue {
			if err := <-errs; failure.CodeOf(err) != failure.Cancelled {
				t.Errorf("got %v, want to be cancelled", err)
			}
		}
		if used, waiting := l.Count(); used != 1 || waiting != 0 || len(l.turns) != 0 {
			t.Errorf("got %d used, %d waiting and turns %v, want one used", used, waiting, l.turns)
		}
		l.queue("c", "c0")
		l.Give("b")
		l.want("c0")
	})
}

// Whoever is handed a slot while leaving gives it back.
func TestSlotsOfThoseWhoLeave(t *testing.T) {
	s := NewSlots(2)
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7)*100*time.Microsecond)
			defer cancel()
			key := fmt.Sprint(i % 5)
			if s.Take(ctx, key) == nil {
				s.Give(key)
			}
		})
	}
	wg.Wait()
	if used, waiting := s.Count(); used != 0 || waiting != 0 || len(s.of) != 0 {
		t.Errorf("got %d used, %d waiting, %v", used, waiting, s.of)
	}
}
