// SPDX-License-Identifier: MIT

package limit

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tsapi/fault"
)

// A hold lasts as long as was asked for; where nothing was, it grows with each answer.
func TestHold(t *testing.T) {
	c := &clock{now: time.Now()}
	h := Hold{Now: c.Now, Log: slog.New(slog.DiscardHandler)}
	if e := h.Check(); e != nil || !h.Until().IsZero() {
		t.Errorf("before any: got %v, until %v", e, h.Until())
	}
	for _, s := range []struct{ asked, want time.Duration }{
		{0, 5 * time.Second}, {0, 10 * time.Second}, {3 * time.Second, 3 * time.Second}, {time.Hour, 5 * time.Minute},
	} {
		told := &fault.Error{RetryAfter: s.asked}
		h.Begin(told)
		if e := h.Check(); e == nil || e.RetryAfter != s.want || told.RetryAfter != s.want || !h.Until().Equal(c.now.Add(s.want)) {
			t.Errorf("asked for %v: got %v and %v, want %v", s.asked, e, told, s.want)
		}
		c.move(s.want)
		if e := h.Check(); e != nil || !h.Until().IsZero() {
			t.Errorf("when it is over: got %v, until %v", e, h.Until())
		}
	}
}

// Whoever leaves while waiting, or before the answer, leaves the way free.
func TestProbeThatLeaves(t *testing.T) {
	c := &clock{now: time.Now()}
	h := Hold{Now: c.Now, Log: slog.New(slog.DiscardHandler)}
	h.Begin(&fault.Error{RetryAfter: time.Second})
	c.move(time.Second)
	leave, err := h.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := h.Enter(gone); failure.CodeOf(err) != failure.Cancelled {
		t.Errorf("got %v while another goes first, want to be cancelled", err)
	}
	leave(&fault.Error{Code: failure.Cancelled})
	next, err := h.Enter(t.Context())
	if err != nil || h.probe == nil {
		t.Fatalf("got %v, want the next one to go first", err)
	}
	next(nil)
	for range 2 {
		if _, err := h.Enter(t.Context()); err != nil || h.probe != nil {
			t.Errorf("got %v, want the way to be free", err)
		}
	}
}
