// SPDX-License-Identifier: MIT

package pool

import (
	"context"
	"errors"
	"testing"
)

// waits has so many of a caller wait for a turn; each that has one sends what gives it back.
func (t *turns) waits(ctx context.Context, caller string, n int) (given chan func(), failed chan error) {
	given, failed = make(chan func(), n), make(chan error, n)
	for range n {
		go func() {
			if done, err := t.wait(ctx, caller); err != nil {
				failed <- err
			} else {
				given <- done
			}
		}()
	}
	return given, failed
}

// settled waits until so many wait, and returns how many turns are given.
func (t *turns) settled(waiting int) (given int) {
	for {
		t.mu.Lock()
		n, given := len(t.waiting), t.given
		t.mu.Unlock()
		if n == waiting {
			return given
		}
	}
}

// TestTurns: nobody has more than two of the four turns, who comes late with none has the
// next, and who gives up waits no longer.
func TestTurns(t *testing.T) {
	var all turns
	ctx, giveUp := context.WithCancel(t.Context())
	alice, left := all.waits(ctx, "alice", 20)
	if given := all.settled(18); given != startsOfCaller {
		t.Fatalf("%d turns are given to one caller", given)
	}
	bob, _ := all.waits(t.Context(), "bob", 5)
	if given := all.settled(21); given != startsAtOnce {
		t.Fatalf("%d turns are given", given)
	}
	carol, _ := all.waits(t.Context(), "carol", 1)
	all.settled(22)
	done := <-alice
	done()
	done() // it is one turn
	(<-carol)()
	// Hers is free again, and alice has one.
	all.settled(20)
	giveUp()
	for range 17 {
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if given := all.settled(3); given != 4 {
		t.Errorf("%d turns are given", given)
	}
	for range 2 {
		(<-alice)()
	}
	for range 5 {
		(<-bob)()
	}
	if given := all.settled(0); given != 0 || len(all.having) != 0 {
		t.Errorf("%d turns are left, of %v", given, all.having)
	}
}
