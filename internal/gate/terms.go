// SPDX-License-Identifier: MIT

package gate

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
)

// permit is what one call may do by the entries that allow it: at which rate, and
// with which devices. A call takes from the rate of one entry when it begins, where
// there is none without a rate, and from that of another when it needs its devices.
type permit struct {
	rates  *rates
	caller caller.Caller
	now    func() time.Time
	terms  *grant.Terms // nil: everything, at any rate

	mu    sync.Mutex
	spent map[int]bool // by the number of the way
}

// enter lets the call begin, or says when the next one may.
func (p *permit) enter() *Error {
	if p.terms == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.terms.Ways {
		if w.Rate.Calls == 0 {
			return nil
		}
	}
	for i, w := range p.terms.Ways {
		if p.rates.take(p.caller, w, p.now(), 1) {
			p.spent = map[int]bool{i: true}
			return nil
		}
	}
	return p.tooOften()
}

// covers reports whether the call may touch the device. An error says that it may,
// but not so often: then nothing is to be answered rather than less.
func (p *permit) covers(device grant.Device) (bool, error) {
	if p.terms == nil {
		return true, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	rated := false
	for i, w := range p.terms.Ways {
		if w.Devices != nil && !w.Devices.Cover(device, p.login()) {
			continue
		}
		if w.Rate.Calls == 0 || p.spent[i] {
			return true, nil
		}
		rated = true
	}
	if !rated {
		return false, nil
	}
	for i, w := range p.terms.Ways {
		if w.Devices != nil && !w.Devices.Cover(device, p.login()) {
			continue
		}
		if p.rates.take(p.caller, w, p.now(), 1) {
			if p.spent == nil {
				p.spent = map[int]bool{}
			}
			p.spent[i] = true
			return true, nil
		}
	}
	return false, p.tooOften()
}

// each counts a change of several devices as so many calls: the call has been counted for
// one of them already. Where that is one too many, nothing more is counted.
func (p *permit) each(devices []grant.Device) error {
	if p.terms == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	further := map[int]int{} // by the number of the way
	for _, device := range devices {
		by := -1
		for i, w := range p.terms.Ways {
			if w.Devices != nil && !w.Devices.Cover(device, p.login()) {
				continue
			}
			if w.Rate.Calls == 0 {
				by = -1
				break
			}
			if by < 0 || p.spent[i] && !p.spent[by] {
				by = i
			}
		}
		if by >= 0 {
			further[by]++
		}
	}
	for i, n := range further {
		w := p.terms.Ways[i]
		if p.spent[i] {
			n--
		}
		if !p.rates.take(p.caller, w, p.now(), n) {
			told := p.tooOften()
			told.Message += "; each device counts as a call"
			told.Next = "name fewer devices, or " + told.Next
			return told
		}
	}
	return nil
}

// login is that of the calling user; a tagged node is nobody's.
func (p *permit) login() string {
	if len(p.caller.Tags) > 0 {
		return ""
	}
	return p.caller.Login
}

// tooOften refuses a call over the rate of every entry that would allow it.
func (p *permit) tooOften() *Error {
	var next time.Duration
	text := ""
	for _, w := range p.terms.Ways {
		if w.Rate.Calls == 0 {
			continue
		}
		if wait := (w.Rate.Per / time.Duration(w.Rate.Calls)).Round(time.Second); text == "" || wait < next {
			next, text = wait, w.Rate.String()
		}
	}
	return &Error{
		Code:    failure.RateLimited,
		Message: "the grant of " + p.caller.String() + " for this allows " + text + ", and that is used up; nothing was done",
		Next:    fmt.Sprintf("call again in %s; an administrator of the tailnet changes \"rate\" in the grant", max(next, time.Second)),
	}
}

// mostRates bounds how many rates are counted at a time.
const mostRates = 8192

// rates counts the calls of each caller by each entry that has a rate. A caller who
// changes node has another count: nodes are the administrator's to admit.
type rates struct {
	mu     sync.Mutex
	all    map[counted]*rate.Limiter
	looked time.Time // when for the last time for what can be forgotten
}

// counted is one caller by one entry, in normal form.
type counted struct{ caller, entry string }

// take counts n calls, unless they are too many.
func (r *rates) take(c caller.Caller, w grant.Way, now time.Time, n int) bool {
	if w.Rate.Calls == 0 || n == 0 {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	key := counted{c.Key(), w.Entry}
	l := r.all[key]
	if l == nil {
		if len(r.all) >= mostRates && !r.forget(now) {
			return false // fail closed: thousands of rates are in use
		}
		l = rate.NewLimiter(rate.Limit(float64(w.Rate.Calls)/w.Rate.Per.Seconds()), w.Rate.Calls)
		if r.all == nil {
			r.all = map[counted]*rate.Limiter{}
		}
		r.all[key] = l
	}
	return l.AllowN(now, n)
}

// forget drops the counts that are as good as new, and reports whether there were any.
// It looks through them once a second, since all callers wait for it.
func (r *rates) forget(now time.Time) bool {
	if now.Sub(r.looked) < time.Second {
		return false
	}
	r.looked = now
	before := len(r.all)
	for key, l := range r.all {
		if l.TokensAt(now) >= float64(l.Burst()) {
			delete(r.all, key)
		}
	}
	return len(r.all) < before
}
