// SPDX-License-Identifier: MIT

// Package parked has the calls of clients of 2026-07-28 whose servers have asked something:
// the request is answered with the question (input_required), and the call goes on and waits
// for a later request with the answers, which finds it by the state that it was given.
//
// A state, and each key of a question, holds once, and for the same caller, server, method,
// name and params only. What waits is bounded for each caller and in all, in number and in
// bytes; it is void when nobody comes back in time, or when the daemon stops.
package parked

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"tailscale-mcp/internal/asking"
)

const (
	// Most is how many calls of one caller may wait for answers, and mostInAll how many of
	// all callers. Over its number, a caller's longest waiting one is void: a client may have
	// left it for good, and nothing of it would be asked for as long as it may wait.
	Most      = 8
	mostInAll = 256
	// mostBytes is how large calls may be together that wait: their arguments, questions and
	// results. One caller may have a quarter.
	mostBytes = 32 << 20
	// mostArguments is how large the arguments of a call may be that waits, in bytes.
	mostArguments = 256 << 10
	// Time is how long a call waits for its client to come back.
	Time = 5 * time.Minute
)

// Why a call is cancelled that waits.
var (
	ErrNobody   = errors.New("nobody came back with an answer within " + Time.String())
	ErrStopping = errors.New("the server is stopping")
	ErrMany     = fmt.Errorf("%d later calls of the same caller wait for answers, which is as many as may", Most)
)

// Binding is what a call is found by again, besides its state.
type Binding struct {
	// Caller is the key of the caller, which tells apart its nodes.
	Caller, Server, Method, Name string
	// Params is a digest of all else that was asked for. Of a call that is begun it is known
	// when it is needed.
	Params [32]byte
}

// Table has the calls that wait.
type Table struct {
	time     time.Duration // a seam for tests
	stopping chan struct{}

	mu       sync.Mutex // of all that is below, and of the calls
	stopped  bool
	byState  map[string]*Call
	all      int
	bytes    int
	ofCaller map[string]*use
}

// use is what one caller has of the table.
type use struct{ calls, bytes int }

// New returns an empty Table.
func New() *Table {
	return &Table{time: Time, stopping: make(chan struct{}), byState: map[string]*Call{}, ofCaller: map[string]*use{}}
}

// Stopping is closed when nothing may wait any more.
func (t *Table) Stopping() <-chan struct{} { return t.stopping }

// Drain voids what waits, and all questions that come after.
func (t *Table) Drain() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return
	}
	t.stopped = true
	close(t.stopping)
	for _, c := range t.byState {
		c.void(ErrStopping)
	}
}

// Waiting is how many calls wait, or have waited and are not over.
func (t *Table) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.all
}

// ErrUnknown is why nothing goes on: no call waits under this state, for this caller and
// this very request.
var ErrUnknown = errors.New("no call of yours waits under this requestState with these params: " +
	"it was used, or is older than " + Time.String() + ", or the call was ended meanwhile, or the server has restarted")

// Resume has the call go on that waits under a state, with the answers to its questions by
// their keys, and be heard by its client again; Wait is next. What answers no question that is open is dropped.
func (t *Table) Resume(state string, b Binding, responses map[string]asking.Response, h Hearing) (*Call, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.byState[state]
	if c == nil || c.binding != b {
		return nil, ErrUnknown
	}
	delete(t.byState, state)
	c.state, c.heard = "", h
	c.timer.Stop()
	for key, o := range c.open {
		if a, ok := responses[key]; ok {
			o.answer <- a // it has room for one
			delete(c.open, key)
		}
	}
	return c, nil
}

// Void ends the call that waits under a state, since its caller may not have it any more.
func (t *Table) Void(state string, b Binding, why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.byState[state]; c != nil && c.binding == b {
		c.void(why)
	}
}
