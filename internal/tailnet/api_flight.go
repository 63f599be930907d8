// SPDX-License-Identifier: MIT

package tailnet

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// flights lets identical work that is under way be done once for everybody who
// asks for it meanwhile. No caller's leaving ends it for the others: the work
// stops when the last one has left. (x/sync/singleflight ties the work to the
// first caller's context, or to nobody's.)
//
// The zero value is ready.
type flights struct {
	mu sync.Mutex
	m  map[string]*flight
}

type flight struct {
	waiters int // guarded by flights.mu
	cancel  context.CancelFunc
	done    chan struct{} // closed when value and err are final
	value   any
	err     error
}

// do returns what work returns, run now or already running under key. joined
// reports that it was already running. When ctx ends first, its error is returned
// and the work goes on for the others.
//
// work gets a context with the values of the first caller's and without its
// deadline; it must set its own.
func (f *flights) do(ctx context.Context, key string, work func(context.Context) (any, error)) (value any, joined bool, err error) {
	if ctx.Err() != nil {
		return nil, false, contextError(ctx, "waiting to start")
	}
	f.mu.Lock()
	fl, joined := f.m[key]
	if joined {
		fl.waiters++
	} else {
		fl = f.start(ctx, key, work)
	}
	f.mu.Unlock()

	select {
	case <-fl.done:
		return fl.value, joined, fl.err
	case <-ctx.Done():
		f.leave(key, fl)
		return nil, joined, contextError(ctx, "waiting for the answer")
	}
}

// start runs work; f.mu is held.
func (f *flights) start(ctx context.Context, key string, work func(context.Context) (any, error)) *flight {
	workCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	fl := &flight{waiters: 1, cancel: cancel, done: make(chan struct{})}
	if f.m == nil {
		f.m = make(map[string]*flight)
	}
	f.m[key] = fl
	go func() {
		defer cancel()
		defer close(fl.done)
		defer f.forget(key, fl)
		// Nobody above this goroutine could recover: a defect in work would
		// end the daemon for everybody.
		defer func() {
			if p := recover(); p != nil {
				fl.value, fl.err = nil, &panicked{fmt.Sprint(p), debug.Stack()}
			}
		}()
		fl.value, fl.err = work(workCtx)
	}()
	return fl
}

// leave takes one waiter away, and ends the work with the last.
func (f *flights) leave(key string, fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl.waiters--; fl.waiters > 0 {
		return
	}
	fl.cancel()
	// Whoever comes now must not be given the cancelled work's error.
	if f.m[key] == fl {
		delete(f.m, key)
	}
}

func (f *flights) forget(key string, fl *flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.m[key] == fl {
		delete(f.m, key)
	}
}

// panicked is the error of work that panicked.
type panicked struct {
	value string
	stack []byte
}

func (p *panicked) Error() string { return "panic: " + p.value }
