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
	// startsOfCaller and startsOfServer how many of them one caller may have, and how many
	// may be of one server: one that hangs is not to keep others from being started.
	startsAtOnce   = 4
	startsOfCaller = 2
	startsOfServer = 3
	// longestTurn is after which time the next one has its turn, whether or not a server
	// has said what it is.
	longestTurn = 5 * time.Second
	// longestWait is how long a start waits for its turn.
	longestWait = 30 * time.Second
)

// turns are who may start a process now. Those who wait have their turns in the order in
// which they came, but for callers and servers that have some already: the fewer, the
// sooner. The zero value is ready.
type turns struct {
	mu    sync.Mutex
	given int
	// callers and servers have how many turns each has; who has none is not in it.
	callers, servers map[string]int
	waiting          []*turn
}

type turn struct {
	caller, server string
	given          chan struct{} // closed when it is given
}

var errNoTurn = errors.New("no turn to be started")

// wait waits for a turn, and returns what gives it back, which may be called again.
func (t *turns) wait(ctx context.Context, caller, server string) (done func(), err error) {
	own := &turn{caller, server, make(chan struct{})}
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
	done = sync.OnceFunc(func() { t.done(own) })
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
func (t *turns) done(own *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.given--
	less(t.callers, own.caller)
	less(t.servers, own.server)
	t.next()
}

func less(having map[string]int, name string) {
	if having[name]--; having[name] == 0 {
		delete(having, name)
	}
}

// next gives the turns that there are. The caller of next holds mu.
func (t *turns) next() {
	for t.given < startsAtOnce {
		first := -1
		for i, w := range t.waiting {
			if t.callers[w.caller] < startsOfCaller && t.servers[w.server] < startsOfServer && (first < 0 || t.having(w) < t.having(t.waiting[first])) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		own := t.waiting[first]
		t.waiting = slices.Delete(t.waiting, first, first+1)
		if t.callers == nil {
			t.callers, t.servers = map[string]int{}, map[string]int{}
		}
		t.given++
		t.callers[own.caller]++
		t.servers[own.server]++
		close(own.given)
	}
}

// having is how many turns the caller and the server of one that waits have: that of the
// caller counts first.
func (t *turns) having(w *turn) int {
	return t.callers[w.caller]*(startsOfServer+1) + t.servers[w.server]
}
