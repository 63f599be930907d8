// SPDX-License-Identifier: MIT

// Package flight does identical work that is under way once, for everybody who asks
// for it meanwhile. It adds to [tailscale.com/util/singleflight] that a panic fails
// the call and not the program, and that no caller is given the end of work that
// others abandoned.
//
// It imports nothing of this module. It fails by returning the error of the work, of
// the caller's context, or a [*Panic].
package flight

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"tailscale.com/util/singleflight"
)

// Group is a space of keys. The zero value is ready, for concurrent use.
type Group[V any] struct {
	// A pointer, so that who prints a value with a group in it does not read what
	// goroutines of the group write for a moment after their callers have the result.
	group   *singleflight.Group[string, V]
	once    sync.Once
	waiting atomic.Int64
}

// Panic is the error of work that panicked.
type Panic struct {
	Value string
	Stack []byte
}

// Error implements error.
func (p *Panic) Error() string { return "panic: " + p.Value }

// errAbandoned is the error of work that failed once nobody waited for it.
var errAbandoned = errors.New("the work was abandoned")

// Do returns the result of work, run now or already running under key. When ctx ends
// first, its error is returned and the work goes on for the others. When the last
// caller leaves, the context of the work is cancelled and its end is awaited. That
// context has no values and no deadline: work brings its own.
func (g *Group[V]) Do(ctx context.Context, key string, work func(context.Context) (V, error)) (V, error) {
	var none V
	g.once.Do(func() { g.group = &singleflight.Group[string, V]{} })
	for ctx.Err() == nil {
		done := g.group.DoChanContext(ctx, key, func(ctx context.Context) (V, error) { return guarded(ctx, work) })
		g.waiting.Add(1)
		r := <-done
		g.waiting.Add(-1)
		// Work goes on for a moment after its last caller left, and this caller may
		// have joined it in that moment.
		if !errors.Is(r.Err, errAbandoned) {
			return r.Val, r.Err
		}
	}
	return none, ctx.Err()
}

// Waiting returns how many callers wait now.
func (g *Group[V]) Waiting() int { return int(g.waiting.Load()) }

// guarded runs work in a goroutine above which nobody could recover: a panic would
// end the program for everybody.
func guarded[V any](ctx context.Context, work func(context.Context) (V, error)) (value V, err error) {
	defer func() {
		if p := recover(); p != nil {
			var none V
			value, err = none, &Panic{fmt.Sprint(p), debug.Stack()}
		}
	}()
	if value, err = work(ctx); err != nil && ctx.Err() != nil {
		err = errAbandoned
	}
	return value, err
}
