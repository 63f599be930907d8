// SPDX-License-Identifier: MIT

package parked

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"tailscale-mcp/internal/asking"
)

// Call is one call, which may wait.
type Call struct {
	t       *Table
	binding Binding
	cancel  context.CancelCauseFunc
	hold    func() (release func(), err error)
	kept    func(result any) (any, int)
	digest  func() [32]byte
	news    chan struct{} // has an element when Wait may have something

	// Guarded by Table.mu.
	size    int    // bytes of its arguments
	state   string // by which it is found; empty while its client waits for it
	open    map[string]open
	since   time.Time // its client has had the question
	timer   *time.Timer
	counted bool
	bytes   int // that it has of the table
	release func()
	done    bool
	gone    bool // nobody can come for its result
	result  any
	heard   Hearing // of the client that waits for the next step
}

// Hearing is how the client that waits for a call hears of it meanwhile; nil for not at all.
type Hearing struct {
	// Progress is told how far it is.
	Progress func(done, total float64, message string)
	// Logged is told the params of its log messages.
	Logged func(params json.RawMessage)
	// Hears reports whether that is told to somebody now; of what run is given only.
	Hears func() bool
}

// open is a question that waits for its answer.
type open struct {
	request asking.Request
	answer  chan<- asking.Response
}

// Options are what a call is begun with; all are required but Hearing.
type Options struct {
	// Hearing is how its client hears of it until the first step.
	Hearing Hearing
	Binding Binding
	Digest  func() [32]byte // Binding.Params
	// Size is how many bytes the call holds while it waits.
	Size int
	// Cancelled is the cause with which the context of a call ends whose client has hung up,
	// and Void returns that of one which is void for a reason.
	Cancelled error
	Void      func(why error) error
	// Hold takes the share of the caller that a waiting call has, until release.
	Hold func() (release func(), err error)
	// Kept is a result as it is kept while nobody waits for it, and its size in bytes.
	Kept func(result any) (any, int)
}

// Run begins a call. ctx is without the end of the request that began it; run makes the call,
// and may ask and tell of itself by the functions that it is given.
func (t *Table) Run(ctx context.Context, o Options, run func(ctx context.Context, ask asking.Func, tell Hearing) any) *Call {
	ctx, cancel := context.WithCancelCause(ctx)
	c := &Call{t: t, binding: o.Binding, size: o.Size, hold: o.Hold, kept: o.Kept, digest: o.Digest, heard: o.Hearing, open: map[string]open{}, news: make(chan struct{}, 1)}
	c.cancel = func(why error) {
		if why == nil {
			cancel(o.Cancelled)
			return
		}
		cancel(o.Void(why))
	}
	go func() {
		result := run(ctx, c.ask, Hearing{c.progress, c.logged, c.hears})
		c.finish(result)
		cancel(nil)
	}()
	return c
}

// Step is what a request is answered with: the result of its call, or questions and the
// state by which it goes on.
type Step struct {
	Result   any
	Requests map[string]asking.Request
	State    string
}

// Wait returns the next step of a call. When ctx ends first, the call is cancelled, and its
// result is that.
func (c *Call) Wait(ctx context.Context) Step {
	hungUp := ctx.Done()
	for {
		if hungUp != nil && ctx.Err() != nil { // or it would be asked, if its server has asked meanwhile
			c.cancel(nil)
			hungUp = nil
		}
		if step, ok := c.step(hungUp == nil); ok {
			return step
		}
		select {
		case <-c.news:
		case <-hungUp:
		}
	}
}

// step is the next step, if there is one; nobody is there to be asked when its client is gone.
func (c *Call) step(gone bool) (Step, bool) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	switch {
	case c.done:
		c.leave()
		c.heard = Hearing{}
		return Step{Result: c.result}, true
	case gone || len(c.open) == 0:
		return Step{}, false
	}
	c.heard = Hearing{} // until its client comes back
	state := rand.Text() + rand.Text()
	c.state, c.t.byState[state] = state, c
	c.since = time.Now()
	c.timer = time.AfterFunc(c.t.time, func() { c.late(state) })
	requests := map[string]asking.Request{}
	for key, o := range c.open {
		requests[key] = o.request
	}
	return Step{Requests: requests, State: c.state}, true
}

// late voids a call that nobody came back for under a state. It may have another by now: its
// client came while the time ran out.
func (c *Call) late(state string) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	if c.state == state {
		c.void(ErrNobody)
	}
}

// void ends a call that waits, for which nobody can come any more. The caller of void holds
// mu.
func (c *Call) void(why error) {
	if c.state == "" || c.t.byState[c.state] != c {
		return // its client has come meanwhile
	}
	delete(c.t.byState, c.state)
	c.state, c.gone = "", true
	c.timer.Stop()
	if c.done {
		c.leave()
		return
	}
	c.cancel(why)
}

// finish takes the result of a call.
func (c *Call) finish(result any) {
	c.t.mu.Lock()
	defer c.t.mu.Unlock()
	c.done = true
	if c.gone {
		c.leave()
		return
	}
	if c.state != "" {
		size := 0
		result, size = c.kept(result)
		c.take(size)
	}
	c.result = result
	c.tell()
}

func (c *Call) tell() {
	select {
	case c.news <- struct{}{}:
	default:
	}
}
