// SPDX-License-Identifier: MIT

package pool

import (
	"fmt"
	"time"

	"golang.org/x/time/rate"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/upstream/entry"
)

// keptIdle is how long the only process that a caller has of a server is kept for them, idle,
// from others who have none.
const keptIdle = time.Minute

// room makes room for one more process of a holder, at the cost of the caller's own
// longest idle ones, or of those who have more than their part. The caller of room holds mu.
func (p *Pool) room(s entry.Server, h Holder) *failure.Error {
	if p.closed != nil {
		return p.closed
	}
	for {
		ofServer, ofCaller := 0, 0
		for k, sl := range p.slots {
			if k.server == s.Name {
				ofServer++
			}
			if sl.caller == h.Caller {
				ofCaller++
			}
		}
		var told *failure.Error
		switch {
		case ofServer >= s.Max:
			told = p.giveUp(s.Name, h.Caller, fmt.Sprintf("the server %s runs %d times, which is as often as its entry allows", s.Name, ofServer),
				"try again in a minute: those that are idle make room then; or an administrator of the host raises max in the entry")
		case ofCaller >= mostOfCaller && !s.Shared:
			told = p.giveUp("", h.Caller, fmt.Sprintf("you have %d processes of servers behind this gateway, and each has a call in flight", ofCaller),
				"try again when a call of yours has ended")
		case len(p.slots) >= mostInAll:
			told = p.giveUp("", h.Caller, fmt.Sprintf("the gateway runs %d processes, which is as many as it may", len(p.slots)),
				"try again in a minute: those that are idle make room then")
		default:
			return nil
		}
		if told != nil {
			return told
		}
	}
}

// giveUp ends the longest idle process of a caller, of one server or of any; without one,
// that of somebody who has more, and without that it refuses with why, and what to do next.
func (p *Pool) giveUp(server, caller, why, next string) *failure.Error {
	var oldest *slot
	for k, sl := range p.slots {
		if sl.caller == caller && sl.uses == 0 && (server == "" || k.server == server) && (oldest == nil || sl.since.Before(oldest.since)) {
			oldest = sl
		}
	}
	if oldest == nil {
		oldest = p.toSpare(server, caller)
	}
	if oldest == nil {
		return &failure.Error{Code: failure.RateLimited, Message: why, Next: next}
	}
	p.o.Log.Info("server ended: the room is needed", "server", oldest.key.server, "of", oldest.caller, "for", caller)
	p.end(oldest)
	return nil
}

// toSpare is the longest idle process, of one server or of any, of the caller who has most
// of them, for one who has none; nil if there is none to spare. One that is in use is never
// spared, nor a shared one, and the only one of its caller when it was idle for a while.
func (p *Pool) toSpare(server, caller string) (spare *slot) {
	having := map[string]int{}
	for k, sl := range p.slots {
		if server == "" || k.server == server {
			having[sl.caller]++
		}
	}
	if having[caller] > 0 {
		return nil
	}
	for k, sl := range p.slots {
		n := having[sl.caller]
		switch {
		case server != "" && k.server != server, sl.caller == "", sl.uses > 0, n == 1 && time.Since(sl.since) < keptIdle:
		case spare == nil, n > having[spare.caller], n == having[spare.caller] && sl.since.Before(spare.since):
			spare = sl
		}
	}
	return spare
}

const (
	// startEvery is how often a caller may start processes on average, and startBurst
	// how many at once.
	startEvery = 3 * time.Second
	startBurst = 12
	// deathsFree is how many early deaths in a row cost nothing.
	deathsFree = 3
	// longestBackoff is the longest pause after early deaths.
	longestBackoff = time.Minute
)

// starts are how often each caller starts processes.
type starts map[string]*record

type record struct {
	limit  *rate.Limiter
	deaths map[string]*deaths // by server
}

type deaths struct {
	inRow int
	last  time.Time
}

// take takes one start of a caller, or says how long it has to wait.
func (s starts) take(caller, server string, burst int, now time.Time) time.Duration {
	r := s[caller]
	if r == nil {
		s.prune(now)
		r = &record{limit: rate.NewLimiter(rate.Every(startEvery), burst), deaths: map[string]*deaths{}}
		s[caller] = r
	}
	if d := r.deaths[server]; d != nil && d.inRow >= deathsFree {
		pause := min(time.Second<<min(d.inRow-deathsFree, 6), longestBackoff)
		if wait := d.last.Add(pause).Sub(now); wait > 0 {
			return wait
		}
	}
	if reserved := r.limit.ReserveN(now, 1); reserved.DelayFrom(now) > 0 {
		wait := reserved.DelayFrom(now)
		reserved.CancelAt(now)
		return wait
	}
	return 0
}

// died notes that a process of a caller did not live long.
func (s starts) died(caller, server string, now time.Time) {
	r := s[caller]
	if r == nil {
		return
	}
	d := r.deaths[server]
	if d == nil {
		d = &deaths{}
		r.deaths[server] = d
	}
	if now.Sub(d.last) > 2*longestBackoff {
		d.inRow = 0
	}
	d.inRow, d.last = d.inRow+1, now
}

// lived notes that a process of a caller lived long: what died before is no longer in a row.
func (s starts) lived(caller, server string) {
	if r := s[caller]; r != nil {
		delete(r.deaths, server)
	}
}

// prune forgets callers who have not started anything for long.
func (s starts) prune(now time.Time) {
	for caller, r := range s {
		if r.limit.TokensAt(now) >= float64(r.limit.Burst()) && r.quiet(now) {
			delete(s, caller)
		}
	}
}

func (r *record) quiet(now time.Time) bool {
	for _, d := range r.deaths {
		if now.Sub(d.last) <= 2*longestBackoff {
			return false
		}
	}
	return true
}
