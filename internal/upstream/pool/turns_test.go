// SPDX-License-Identifier: MIT

package pool

import (
	"context"
	"errors"
	"testing"
	"time"
)

// waits has so many of a caller wait for a turn; each that has one sends what gives it back.
func (t *turns) waits(ctx context.Context, caller, server string, n int) (given chan func(), failed chan error) {
	given, failed = make(chan func(), n), make(chan error, n)
	for range n {
		go func() {
			if done, err := t.wait(ctx, caller, server); err != nil {
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
		time.Sleep(time.Millisecond)
	}
}

// TestTurns: nobody has more than two of the four turns, who comes late with none has the
// next, and who gives up waits no longer.
func TestTurns(t *testing.T) {
	var all turns
	ctx, giveUp := context.WithCancel(t.Context())
	alice, left := all.waits(ctx, "alice", "a", 20)
	if given := all.settled(18); given != startsOfCaller {
		t.Fatalf("%d turns are given to one caller", given)
	}
	bob, _ := all.waits(t.Context(), "bob", "b", 5)
	if given := all.settled(21); given != startsAtOnce {
		t.Fatalf("%d turns are given", given)
	}
	carol, _ := all.waits(t.Context(), "carol", "c", 1)
	all.settled(22)
	done := <-alice
	done()
	done() // it is one turn
	(<-carol)()
	// Hers is free again, and alice has one.
	all.settled(20)
	hers := []func(){<-alice, <-alice} // who has a turn and has not noticed may still give up
	giveUp()
	for range 17 {
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
	if given := all.settled(3); given != 4 {
		t.Errorf("%d turns are given", given)
	}
	for _, done := range hers {
		done()
	}
	for range 5 {
		(<-bob)()
	}
	if given := all.settled(0); given != 0 || len(all.callers)+len(all.servers) != 0 {
		t.Errorf("%d turns are left, of %v and %v", given, all.callers, all.servers)
	}
}

// TestTurnsOfAServer: however many callers wait for a server that hangs, another one has a
// turn at once.
func TestTurnsOfAServer(t *testing.T) {
	var all turns
	ctx, giveUp := context.WithCancel(t.Context())
	hanging := make(chan func(), 30)
	left := make(chan error, 30)
	for i := range 30 {
		go func() {
			if done, err := all.wait(ctx, string(rune('a'+i)), "hangs"); err != nil {
				left <- err
			} else {
				hanging <- done
			}
		}()
	}
	if given := all.settled(27); given != startsOfServer {
		t.Fatalf("%d turns are given to one server", given)
	}
	have := []func(){<-hanging, <-hanging, <-hanging} // who has a turn and has not noticed may still give up
	done, err := all.wait(t.Context(), "late", "works")
	if err != nil {
		t.Fatal(err)
	}
	done()
	giveUp()
	for range 27 {
		<-left
	}
	for _, done := range have {
		done()
	}
	if given := all.settled(0); given != 0 {
		t.Errorf("%d turns are left", given)
	}
}
