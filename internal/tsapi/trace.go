// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"sync"
)

// Trace collects what a call did upstream, for the audit record. The zero value
// is ready; it may be used by several goroutines.
type Trace struct {
	mu       sync.Mutex
	status   int
	requests int
}

// Status returns the HTTP status of the last answer, or 0 when there was none.
func (t *Trace) Status() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status
}

// Requests returns how many requests were sent for this call, repetitions
// included and requests for access tokens not. A call that joined an identical
// read already under way sent none.
func (t *Trace) Requests() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.requests
}

func (t *Trace) add(status, requests int) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if status != 0 {
		t.status = status
	}
	t.requests += requests
}

type traceKey struct{}

// WithTrace returns a context whose calls are recorded in t.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

func traceOf(ctx context.Context) *Trace {
	t, _ := ctx.Value(traceKey{}).(*Trace)
	return t
}
