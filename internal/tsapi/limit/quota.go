// SPDX-License-Identifier: MIT

package limit

import (
	"fmt"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tailscale-mcp/internal/tsapi/fault"
)

const (
	// DefaultCallerRate is two requests a second, and 40 at once: more than somebody
	// who waits for answers comes to, and less than would spend alone what an API
	// allows to all.
	DefaultCallerRate = 120
	// maxCallers bounds how many callers are remembered.
	maxCallers = 1024
)

// Quotas bound the requests of each caller per minute, a third of them at once, so
// that nobody spends alone what the API allows to all. One who asks after a pause
// has the third again.
type Quotas struct {
	// PerMinute is how many each has; negative: no limit.
	PerMinute int
	// Now is the clock.
	Now func() time.Time

	mu sync.Mutex
	m  map[string]*quota
}

type quota struct {
	*rate.Limiter
	last time.Time
}

// Take counts one request of the caller with that key, or says when there are enough
// again for a question of several: half of those at once.
// The empty key is the program itself, which has no limit.
func (q *Quotas) Take(key string) *fault.Error {
	if q.PerMinute < 0 || key == "" {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.Now()
	mine, ok := q.m[key]
	if !ok {
		q.makeRoom(now)
		if q.m == nil {
			q.m = map[string]*quota{}
		}
		mine = &quota{Limiter: rate.NewLimiter(rate.Limit(float64(q.PerMinute)/60), q.burst())}
		q.m[key] = mine
	}
	mine.last = now
	if mine.AllowN(now, 1) {
		return nil
	}
	// Most questions take several requests. Whoever came back for the next single one
	// would spend it on the beginning of the same question, again and again.
	r := mine.ReserveN(now, (q.burst()+1)/2)
	wait := r.DelayFrom(now)
	r.CancelAt(now)
	return fault.Limited(wait, fmt.Sprintf("this caller has made as many requests to the Tailscale API as one may: %d a minute, %d of them at once", q.PerMinute, q.burst()))
}

func (q *Quotas) burst() int { return max(1, q.PerMinute/3) }

// makeRoom forgets those that have everything again, to whom a new start makes no
// difference, and without any the one that asked longest ago; q.mu is held.
func (q *Quotas) makeRoom(now time.Time) {
	if len(q.m) < maxCallers {
		return
	}
	oldest, when := "", time.Time{}
	full := time.Duration(math.Ceil(float64(q.burst())/float64(q.PerMinute)*60)) * time.Second
	for key, mine := range q.m {
		switch {
		case now.Sub(mine.last) >= full:
			delete(q.m, key)
		case oldest == "" || mine.last.Before(when):
			oldest, when = key, mine.last
		}
	}
	if len(q.m) >= maxCallers {
		delete(q.m, oldest)
	}
}
