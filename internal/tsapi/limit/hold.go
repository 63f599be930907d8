// SPDX-License-Identifier: MIT

package limit

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi/fault"
)

const (
	// longestHold bounds the hold after a 429 that names no time: it begins with
	// fault.FirstHold and doubles with each such answer.
	longestHold = time.Minute
	// maxHold bounds what a Retry-After may stop the whole program for.
	maxHold = 5 * time.Minute
)

// Hold stops all requests after the API answered 429, since the quota is the
// credential's and not one call's: whoever asks meanwhile is answered from here,
// and nothing is sent, requests for access tokens included. When it is over, one
// request goes first and the others wait for what becomes of it: were all sent at
// once, they would use up again what little there may be.
type Hold struct {
	// Now is the clock.
	Now func() time.Time
	// Log is told when a hold begins.
	Log *slog.Logger

	mu    sync.Mutex
	until time.Time
	// unproven is set from the 429 on, until another request was answered.
	unproven bool
	probe    chan struct{} // closed when the one that goes first has ended; nil: none is under way
	step     time.Duration // the last hold that the API named no time for
}

// Check returns the refusal while the hold lasts, and nil otherwise.
func (h *Hold) Check() *fault.Error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refusal()
}

// Until returns until when nothing is sent, and the zero time when nothing is held.
func (h *Hold) Until() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.refusal() == nil {
		return time.Time{}
	}
	return h.until
}

// refusal is nil when nothing is held; h.mu is held.
func (h *Hold) refusal() *fault.Error {
	left := h.until.Sub(h.Now())
	if left <= 0 {
		return nil
	}
	return fault.Limited(left, "the Tailscale API has asked for fewer requests, and its time is not over")
}

// Enter is called before each request, and waits while another goes first. Its error is
// a refusal, or the end of ctx; without one the caller calls leave when the request has
// ended, with the error of that.
func (h *Hold) Enter(ctx context.Context) (leave func(error), err error) {
	for {
		h.mu.Lock()
		if e := h.refusal(); e != nil {
			h.mu.Unlock()
			return nil, e
		}
		sent := h.Now()
		switch {
		case !h.unproven:
			h.mu.Unlock()
			return func(err error) { h.ended(sent, err) }, nil
		case h.probe == nil:
			done := make(chan struct{})
			h.probe = done
			h.mu.Unlock()
			return func(err error) { h.ended(sent, err); h.probed(done) }, nil
		}
		probe := h.probe
		h.mu.Unlock()
		select {
		case <-probe:
		case <-ctx.Done():
			return nil, fault.Ended(ctx, "waiting to see whether the Tailscale API takes requests again; this one was not sent")
		}
	}
}

// probed lets the others go on.
func (h *Hold) probed(done chan struct{}) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probe = nil
	close(done)
}

// ended takes note of a request that was sent at that time. A 429 begins a hold or
// makes it longer; anything else proves that it is over.
func (h *Hold) ended(sent time.Time, err error) {
	var e *fault.Error
	switch {
	case errors.As(err, &e) && e.Status == http.StatusTooManyRequests:
		h.Begin(e)
		return
	case failure.CodeOf(err) == failure.Cancelled:
		return // it proves nothing
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	// One that was sent before the hold says nothing about what is after it.
	if h.unproven && !sent.Before(h.until) {
		h.unproven, h.step = false, 0
	}
}

// Begin starts a hold or makes it longer, and has e say how long.
func (h *Hold) Begin(e *fault.Error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.Now()
	held := now.Before(h.until)
	wait := min(e.RetryAfter, maxHold)
	switch {
	case wait > 0:
	case held:
		// Those that were under way together are one reason to wait, not several.
		wait = h.until.Sub(now)
	default:
		h.step = min(max(2*h.step, fault.FirstHold), longestHold)
		wait = h.step
	}
	if until := now.Add(wait); until.After(h.until) {
		h.until = until
	}
	h.unproven = true
	e.RetryAfter = h.until.Sub(now)
	e.Next = fault.NextWait(e.RetryAfter)
	if !held {
		h.Log.Warn("the Tailscale API asks for fewer requests; none is sent meanwhile", "wait", e.RetryAfter)
	}
}
