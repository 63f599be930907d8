// SPDX-License-Identifier: MIT

package front

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestAnswersWait: an answer for which there is no room waits until another is sent, one of
// each caller; who hangs up waits no longer, and nothing of it is left.
func TestAnswersWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const large = 15 << 20
		all := newShares(Limits{}.withDefaults(), time.Now)
		alice, bob := &share{all: all, limits: Limits{Calls: 1}}, &share{all: all, limits: Limits{Calls: 1}}
		a := &answers{}
		take := func(ctx context.Context, s *share) error { return a.take(ctx, s, large) }
		if err := take(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
		waiting := func(want int64) {
			t.Helper()
			synctest.Wait()
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.waiting != want {
				t.Fatalf("%d bytes wait, want %d", a.waiting, want)
			}
		}
		second := make(chan error)
		go func() { second <- take(t.Context(), alice) }()
		waiting(large)
		if err := take(t.Context(), alice); !errors.Is(err, errAnswers) {
			t.Errorf("the third of hers: %v", err)
		}
		if err := take(t.Context(), bob); err != nil {
			t.Errorf("another's: %v", err)
		}
		a.give(alice, large)
		if err := <-second; err != nil {
			t.Errorf("the one that waited: %v", err)
		}
		ctx, hangUp := context.WithCancel(t.Context())
		go func() { second <- take(ctx, alice) }()
		waiting(large)
		hangUp()
		if err := <-second; !errors.Is(err, errAnswers) {
			t.Errorf("the one that was hung up: %v", err)
		}
		began := time.Now()
		if err := take(t.Context(), alice); !errors.Is(err, errAnswers) || time.Since(began) != answerWait {
			t.Errorf("the one that waits in vain: %v after %v, want %v", err, time.Since(began), answerWait)
		}
		waiting(0)
		a.give(alice, large)
		a.give(bob, large)
		if a.taken != 0 || alice.answers != 0 || alice.waits {
			t.Errorf("left: %+v, %+v", a, alice)
		}
	})
}
