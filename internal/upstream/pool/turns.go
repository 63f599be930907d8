// SPDX-License-Identifier: MIT

package pool

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

const (
	// startsAtOnce is how many processes are being started at the same time, and
	// startsOfCaller how many of them one caller may have.
	startsAtOnce   = 4
	startsOfCaller = 2
	// longestTurn is after which time the next one has its turn, whether or not a server
	// has said what it is.
	longestTurn = 5 * time.Second
	// longestWait is how long a start waits for its turn.
	longestWait = 30 * time.Second
)

// turns are who may start a process now. Those who wait have their turns in the order in
// which they came, but for callers who have theirs already: of these the one with the
// fewest goes first, and none has more than startsOfCaller. The zero value is ready.
type turns struct {
	mu      sync.Mutex
	given   int
	having  map[string]int // by caller; those who have none are not in it
	waiting []*turn
}

type turn struct {
	caller string
	given  chan struct{} // closed when it is given
}

var errNoTurn = errors.New("no turn to be started")

// wait waits for a turn, and returns what gives it back, which may be called again.
func (t *turns) wait(ctx context.Context, caller string) (done func(), err error) {
	own := &turn{caller, make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, own)
	t.next()
	t.mu.Unlock()
	timer := time.NewTimer(longestWait)
	defer timer.Stop()
	select {
	case <-own.given:
	case <-ctx.Done():
		err = ctx.Err()
	case <-timer.C:
		err = errNoTurn
	}
	done = sync.OnceFunc(func() { t.done(caller) })
	if err == nil {
		return done, nil
	}
	t.mu.Lock()
	i := slices.Index(t.waiting, own)
	if i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 { // it was given just now
		done()
	}
	return nil, err
}

// done gives a turn back.
func (t *turns) done(caller string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.given--
	if t.having[caller]--; t.having[caller] == 0 {
		delete(t.having, caller)
	}
	t.next()
}

// next gives the turns that there are. The caller of next holds mu.
func (t *turns) next() {
	for t.given < startsAtOnce {
		first := -1
		for i, w := range t.waiting {
			if has := t.having[w.caller]; has < startsOfCaller && (first < 0 || has < t.having[t.waiting[first].caller]) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		own := t.waiting[first]
		t.waiting = slices.Delete(t.waiting, first, first+1)
		if t.having == nil {
			t.having = map[string]int{}
		}
		t.given++
		t.having[own.caller]++
		close(own.given)
	}
}
