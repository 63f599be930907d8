// SPDX-License-Identifier: MIT

package front

import (
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tailscale-mcp/internal/caller"
)

// shares hold what each caller uses of the daemon.
type shares struct {
	limits Limits
	now    func() time.Time

	mu    sync.Mutex
	byKey map[string]*share
}

// share is what one caller uses now. shares.mu guards it, but for body, answers and waits,
// which budgets guard.
type share struct {
	all *shares
	key string
	// name is for the log.
	name    string
	granted bool
	limits  Limits
	rate    *rate.Limiter

	connections, calls, streams int
	beyond                      int // requests beyond the calls
	body, answers               int64
	waits                       bool // an answer waits until there is room for it
	used                        time.Time

	refusals int       // since the last was logged
	logged   time.Time // when that was
}

func newShares(l Limits, now func() time.Time) *shares {
	return &shares{limits: l, now: now, byKey: map[string]*share{}}
}

// of returns the share of a caller, under the limits that its grants of now give it.
func (s *shares) of(c caller.Caller) *share {
	key := c.Key()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	sh := s.byKey[key]
	if sh == nil {
		s.makeRoom(now)
		sh = &share{all: s, key: key, name: c.String()}
		s.byKey[key] = sh
		sh.limit(granted(c))
	} else if sh.granted != granted(c) {
		sh.limit(granted(c))
	}
	sh.used = now
	return sh
}

// limit sets the limits, and begins the rate anew: who has just been granted something
// has tried for a while before. Only the policy file can change it. shares.mu is held.
func (sh *share) limit(granted bool) {
	sh.granted, sh.limits = granted, sh.all.limits.of(granted)
	perSecond := rate.Limit(sh.limits.Rate)
	if perSecond < 0 {
		perSecond = rate.Inf
	}
	sh.rate = rate.NewLimiter(perSecond, sh.limits.Rate*bursts)
}

// makeRoom forgets callers who use nothing, when there are too many: first those
// whose rate has recovered, for whom nothing is lost by it; s.mu is held.
func (s *shares) makeRoom(now time.Time) {
	if len(s.byKey) < mostCallers {
		return
	}
	oldest := ""
	for key, sh := range s.byKey {
		switch {
		case sh.connections+sh.calls+sh.beyond+sh.streams > 0:
		case now.Sub(sh.used) > bursts*time.Second:
			delete(s.byKey, key)
		case oldest == "" || sh.used.Before(s.byKey[oldest].used):
			oldest = key
		}
	}
	if len(s.byKey) >= mostCallers {
		delete(s.byKey, oldest)
	}
}

// count adds up what is in use.
func (s *shares) count(out *Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Callers = len(s.byKey)
	for _, sh := range s.byKey {
		out.Calls += sh.calls
		out.Streams += sh.streams
	}
}

// request takes n requests of the rate, or says how long to wait for them. The time is
// that of the decision: with one from before, the limiter would give for the same time
// twice.
func (sh *share) request(n int) (wait time.Duration) {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	now := sh.all.now()
	limit := sh.rate.Limit()
	if limit == rate.Inf {
		return 0
	}
	n = min(n, sh.rate.Burst()) // more at once than there can ever be would never be let in
	if sh.rate.AllowN(now, n) {
		return 0
	}
	missing := float64(n) - sh.rate.TokensAt(now)
	return time.Duration(missing / float64(limit) * float64(time.Second))
}

// take takes n calls.
func (sh *share) take(n int) bool {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	if over(sh.calls+n, sh.limits.Calls) {
		return false
	}
	sh.calls += n
	return true
}

func (sh *share) give(calls, streams int) {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	sh.calls -= calls
	sh.streams -= streams
}

// goBeyond lets one more request in beyond the calls, until comeBack. Whoever is granted nothing
// has no call that could wait for it.
func (sh *share) goBeyond() bool {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	if !sh.granted || over(sh.beyond+1, mostBeyond) {
		return false
	}
	sh.beyond++
	return true
}

func (sh *share) comeBack() {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	sh.beyond--
}

// stream takes a stream.
func (sh *share) stream() bool {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	if over(sh.streams+1, sh.limits.Streams) {
		return false
	}
	sh.streams++
	return true
}

// connect counts n more connections of the caller, and reports whether it may have
// as many.
func (sh *share) connect(n int) (within bool) {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	sh.connections += n
	return !over(sh.connections, sh.limits.Connections)
}

// most returns the limits that hold now.
func (sh *share) most() Limits {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	return sh.limits
}

// hasGrant reports whether the limits are those of a caller with a grant.
func (sh *share) hasGrant() bool {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	return sh.granted
}

// refused counts a refusal, and reports whether the log is to say so, and of how many.
func (sh *share) refused() (n int, due bool) {
	sh.all.mu.Lock()
	defer sh.all.mu.Unlock()
	now := sh.all.now()
	sh.refusals++
	if now.Sub(sh.logged) < logEvery {
		return 0, false
	}
	n, sh.refusals, sh.logged = sh.refusals, 0, now
	return n, true
}
