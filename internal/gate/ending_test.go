// SPDX-License-Identifier: MIT

package gate_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/testbed/told"
	"tailscale-mcp/internal/tool"
)

// TestCancelledRead: a read ends with its caller.
func TestCancelledRead(t *testing.T) {
	h := newHarness(t)
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		<-h.gate.arrived
		hangUp()
	}()
	_, err := h.call(ctx, alice(t, everything), "get_gate", `{"text":"read"}`)
	if got := code(t, err); got != failure.Cancelled {
		t.Errorf("got %q (%v), want %s", got, err, failure.Cancelled)
	}
	told.Check(t, err)
	if diff := cmp.Diff([]string{"read context canceled"}, h.gate.ended); diff != "" {
		t.Errorf("finished (-want +got):\n%s", diff)
	}
	if got := h.audit.all(); len(got) != 2 || got[1].Code != failure.Cancelled {
		t.Errorf("got %+v, want the outcome recorded", got)
	}
}

// TestCancelledChange: a change that has begun is finished, and its outcome
// recorded, though its caller has gone.
func TestCancelledChange(t *testing.T) {
	h := newHarness(t)
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		<-h.gate.arrived
		hangUp()
		close(h.gate.open)
	}()
	out, err := h.call(ctx, alice(t, everything), "set_gate", `{"text":"change"}`)
	if err != nil || out != `{"text":"change"}` {
		t.Errorf("got %s, error %v; want the change made", out, err)
	}
	if diff := cmp.Diff([]string{"change <nil>"}, h.gate.ended); diff != "" {
		t.Errorf("finished (-want +got):\n%s", diff)
	}
	if got := events(h.audit.all()); !slices.Equal(got, []audit.Event{audit.Decision, audit.Outcome}) {
		t.Errorf("got %v, want both records", got)
	}
}

// TestGoneBeforeItBegan: nothing is begun for a caller that has gone.
func TestGoneBeforeItBegan(t *testing.T) {
	for _, class := range grant.Classes() {
		var s steps
		ctx, hangUp := context.WithCancel(t.Context())
		hangUp()
		_, err := s.dispatcher(&lockedBuffer{}).Call(ctx, alice(t, everything), gate.Request{Name: "do_" + string(class)})
		if got := code(t, err); got != failure.Cancelled || !strings.Contains(err.Error(), "nothing was done") {
			t.Errorf("%s: got %v, want that nothing was done", class, err)
		}
		told.Check(t, err)
		if diff := cmp.Diff([]string{"decision", "outcome"}, s.list); diff != "" {
			t.Errorf("%s (-want +got):\n%s", class, diff)
		}
	}
}

// TestTimeout: every call ends within its bound, changes too, and a change says
// that its outcome is not known.
func TestTimeout(t *testing.T) {
	for _, tt := range []struct {
		class   grant.Class
		timeout time.Duration
		want    time.Duration
	}{
		{grant.Read, 0, gate.DefaultTimeout},
		{grant.Read, time.Minute, time.Minute},
		{grant.Write, 0, gate.DefaultTimeout},
		{grant.Destructive, time.Hour, time.Hour},
	} {
		synctest.Test(t, func(t *testing.T) {
			d := define("wait", tt.class)
			d.Timeout = tt.timeout
			h := newHarness(t, tool.Set{Tools: []tool.Tool{tool.New(d, func(ctx context.Context, _ tool.Call, _ struct{}) (message, error) {
				<-ctx.Done()
				return message{}, fmt.Errorf("waiting: %w", ctx.Err())
			})}})
			begin := time.Now()
			_, err := h.call(t.Context(), alice(t, everything), "wait", ``)
			if got := time.Since(begin); got != tt.want {
				t.Errorf("%s: ended after %v, want %v", tt.class, got, tt.want)
			}
			if got := code(t, err); got != failure.Timeout {
				t.Errorf("%s: got %q (%v), want %s", tt.class, got, err, failure.Timeout)
			}
			told.Check(t, err)
			if got := strings.Contains(err.Error(), "whether the change was made is not known"); got != (tt.class != grant.Read) {
				t.Errorf("%s: got %v", tt.class, err)
			}
			if got := h.audit.all()[1]; got.Duration != tt.want || got.Code != failure.Timeout {
				t.Errorf("%s: got outcome %+v", tt.class, got)
			}
		})
	}
}
