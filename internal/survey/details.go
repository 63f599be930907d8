// SPDX-License-Identifier: MIT

package survey

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"tailscale-mcp/internal/tsapi"
)

// The bounds of what is asked about single devices and Services.
const (
	// fresh is how long an answer is good.
	fresh = time.Minute
	// perMinute is how many requests are sent for them, whoever asks.
	perMinute = 240
	// perCaller is how many of them are sent for one caller, where that is told apart.
	perCaller = 100
)

// errSpent says that nothing more is asked for in this minute.
var errSpent = errors.New("too much was asked for in the last minute")

// details are the answers about single devices and Services, which come one call at a
// time. A caller's share of requests would be spent by one question, so that they are
// asked for on behalf of the program: each once a minute at most, and all within a bound.
type details struct {
	now func() time.Time

	mu    sync.Mutex
	all   map[string]detail // by what was asked
	begun time.Time         // of the minute that sent counts
	sent  int
	by    map[string]int // of these, for whom
}

type detail struct {
	value any
	at    time.Time
}

func newDetails() *details { return &details{now: time.Now, all: map[string]detail{}} }

// detailOf returns what is known under a key, or asks for it. What is returned is shared,
// and not to be changed.
func detailOf[T any](ctx context.Context, d *details, key string, ask func(context.Context) (T, error)) (T, error) {
	return detailFor(ctx, d, "", key, ask)
}

// detailFor is detailOf for a caller, who has a share of the requests; the empty one is
// the program itself.
func detailFor[T any](ctx context.Context, d *details, caller, key string, ask func(context.Context) (T, error)) (T, error) {
	var none T
	value, known, err := d.find(caller, key)
	if err != nil {
		return none, err
	}
	if known {
		return value.(T), nil
	}
	got, err := ask(tsapi.OnBehalf(ctx, ""))
	if err != nil {
		return none, err
	}
	d.keep(key, got)
	return got, nil
}

// find returns what is known, or counts the request that is to be sent for it.
func (d *details) find(caller, key string) (value any, known bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if kept, ok := d.all[key]; ok && now.Sub(kept.at) < fresh {
		return kept.value, true, nil
	}
	if now.Sub(d.begun) >= time.Minute {
		d.begun, d.sent, d.by = now, 0, map[string]int{}
	}
	if d.sent >= perMinute || caller != "" && d.by[caller] >= perCaller {
		return nil, false, errSpent
	}
	d.sent++
	d.by[caller]++
	return nil, false, nil
}

// keep notes an answer, and drops those that are good no more: two minutes' requests are
// the most that there can be.
func (d *details) keep(key string, value any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	maps.DeleteFunc(d.all, func(_ string, kept detail) bool { return now.Sub(kept.at) >= fresh })
	d.all[key] = detail{value, now}
}
