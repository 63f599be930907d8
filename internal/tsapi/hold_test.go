// SPDX-License-Identifier: MIT

package tsapi

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi/credential"
	"tailscale-mcp/internal/tsapi/fault"
	"tailscale-mcp/internal/tsapi/limit"
)

// endHold forgets what was held.
func (a *API) endHold() {
	a.hold = limit.Hold{Now: a.hold.Now, Log: a.log}
}

// clocked gives the hold and the quotas of a client a time that the test moves.
func clocked(a *API) *clock {
	c := &clock{now: time.Now()}
	a.hold.Now, a.quotas.Now = c.Now, c.Now
	return c
}

// quotaOf has the fake answer n requests and refuse the rest.
func quotaOf(fake *fakeapi.Server, n int, then fakeapi.Fault) {
	fake.ClearFaults()
	if n > 0 {
		fake.Fail("", fakeapi.Edited(func(body []byte) []byte { return body }).Times(n))
	}
	fake.Fail("", then)
}

// wantHeld wants the answer of a hold: at once, and with the time to come again.
func wantHeld(t *testing.T, err error, left time.Duration) {
	t.Helper()
	e := wantError(t, err, failure.RateLimited)
	if e.RetryAfter != left || e.Next != fault.NextWait(left) {
		t.Errorf("got %v after %v, want %v", e, e.RetryAfter, left)
	}
}

// An API that allows 60 requests is sent one more and not hundreds.
func TestHoldAfter429(t *testing.T) {
	for _, at := range []int{1, 8} {
		t.Run(fmt.Sprint(at, " at once"), func(t *testing.T) {
			r := newRig(t, fakeapi.Options{}, Options{})
			c := clocked(r.API)
			quotaOf(r.fake, 60, fakeapi.RateLimit(30*time.Second))
			var answered, refused atomic.Int32
			var wg sync.WaitGroup
			for worker := range at {
				wg.Go(func() {
					for i := worker; i < 400; i += at {
						_, err := r.List(t.Context(), Request{Op: "listConfigurationAuditLogs", Query: map[string][]string{
							"start": {"2026-11-28T00:00:00Z"}, "end": {"2026-11-28T12:00:00Z"}, "target": {fmt.Sprint(i)},
						}}, "logs")
						if err == nil {
							answered.Add(1)
							continue
						}
						refused.Add(1)
						wantHeld(t, err, 30*time.Second)
					}
				})
			}
			wg.Wait()
			if answered.Load() != 60 || refused.Load() != 340 {
				t.Errorf("got %d answers and %d refusals, want 60 and 340", answered.Load(), refused.Load())
			}
			// Those that were under way together are refused together.
			if n := r.fake.Count("listConfigurationAuditLogs"); n < 61 || n > 60+at {
				t.Errorf("got %d requests, want 60 and at most %d more", n, at)
			}
			sent := len(r.fake.Requests())
			c.move(30*time.Second - 1)
			wantHeld(t, r.SetDeviceName(t.Context(), "n1", "x"), 1)
			if n := len(r.fake.Requests()); n != sent {
				t.Errorf("got %d requests during the hold, want none", n-sent)
			}
			if until := r.Stats().HoldUntil; !until.Equal(c.Now().Add(1)) {
				t.Errorf("got a hold until %v in the stats", until)
			}
			c.move(1)
			r.fake.ClearFaults()
			if _, err := r.Settings(t.Context()); err != nil || !r.Stats().HoldUntil.IsZero() {
				t.Errorf("after the hold: got %v, and it is held until %v", err, r.Stats().HoldUntil)
			}
		})
	}
}

func TestHoldSaysWhatHappened(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	r.fake.Fail("setDeviceName", fakeapi.RateLimit(30*time.Second))
	for range 2 {
		e := wantError(t, r.SetDeviceName(t.Context(), "n1", "x"), failure.RateLimited)
		if e.OutcomeUnknown || !strings.HasSuffix(e.Message, "; nothing was changed") || !strings.HasPrefix(e.Next, "wait ") {
			t.Errorf("a change: got %v", e)
		}
	}
	_, _, err := r.PolicyJSON(t.Context())
	if e := wantError(t, err, failure.RateLimited); !strings.HasSuffix(e.Message, "; nothing was sent") {
		t.Errorf("a read: got %v", e)
	}
}

// What is kept is answered during a hold as well.
func TestKeptDuringAHold(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{Keep: time.Hour})
	if _, err := r.Settings(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.fake.Fail("", fakeapi.RateLimit(time.Minute))
	_, err := r.Policy(t.Context())
	wantError(t, err, failure.RateLimited)
	if _, err := r.Settings(t.Context()); err != nil {
		t.Errorf("got %v, want what is kept", err)
	}
}

// Without a time from the API a hold doubles, up to a minute; an answer ends that.
func TestHoldGrows(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	c := clocked(r.API)
	quotaOf(r.fake, 0, fakeapi.RateLimit(0))
	for _, want := range []int{5, 10, 20, 40, 60, 60} {
		wait := time.Duration(want) * time.Second
		_, err := r.Settings(t.Context())
		wantHeld(t, err, wait)
		c.move(wait)
	}
	if n := r.fake.Count("getTailnetSettings"); n != 6 {
		t.Errorf("got %d requests, want one after each hold", n)
	}
	r.fake.ClearFaults()
	if _, err := r.Settings(t.Context()); err != nil {
		t.Error(err)
	}
	quotaOf(r.fake, 0, fakeapi.RateLimit(0))
	_, err := r.Settings(t.Context())
	wantHeld(t, err, fault.FirstHold)
}

// When a hold is over, one request is sent and the others wait for what it is told.
func TestOneRequestAfterAHold(t *testing.T) {
	for _, again := range []bool{false, true} {
		t.Run(fmt.Sprintf("refused again %v", again), func(t *testing.T) {
			r := newRig(t, fakeapi.Options{}, Options{})
			c := clocked(r.API)
			quotaOf(r.fake, 0, fakeapi.RateLimit(30*time.Second))
			_, err := r.Settings(t.Context())
			wantHeld(t, err, 30*time.Second)
			c.move(30 * time.Second)

			r.fake.ClearFaults()
			r.fake.AddDevices(20)
			hold, release := fakeapi.Hold()
			script := r.fake.Fail("", hold)
			var failed atomic.Int32
			var wg sync.WaitGroup
			for _, d := range r.fake.Devices() {
				wg.Go(func() {
					if _, err := r.GetDevice(t.Context(), d.NodeID, false); err != nil {
						wantHeld(t, err, 30*time.Second)
						failed.Add(1)
					}
				})
			}
			<-script.Reached()
			eventually(t, "all slots taken", func() bool { s := r.Stats(); return s.SlotsInUse == 8 && s.Waiting == 12 })
			if n := script.Hits(); n != 1 {
				t.Errorf("got %d requests at once after the hold, want 1", n)
			}
			if again {
				// As one that was sent before the hold would.
				r.hold.Begin(&Error{Code: failure.RateLimited, Status: 429, RetryAfter: 30 * time.Second})
			}
			release()
			wg.Wait()
			want, refused := 20, 0
			if again {
				want, refused = 1, 19
			}
			if n := r.fake.Count("getDevice"); n != want || int(failed.Load()) != refused {
				t.Errorf("got %d requests and %d refusals, want %d and %d", n, failed.Load(), want, refused)
			}
		})
	}
}

// Requests for access tokens are held too, and begin a hold.
func TestHoldOfTokens(t *testing.T) {
	r := newRig(t,
		fakeapi.Options{Clients: []fakeapi.Client{{ID: "kClient", Secret: "tskey-client-x", Scopes: []string{"all"}}}},
		Options{Credential: credential.Credential{OAuthClientID: "kClient", OAuthClientSecret: "tskey-client-x"}})
	c := clocked(r.API)
	r.fake.Fail("oauthToken", fakeapi.RateLimit(20*time.Second))
	for range 3 {
		_, err := r.Settings(t.Context())
		wantHeld(t, err, 20*time.Second)
	}
	if n := len(r.fake.Requests()); n != 1 {
		t.Errorf("got %d requests, want 1", n)
	}
	c.move(20 * time.Second)
	r.fake.ClearFaults()
	if _, err := r.Settings(t.Context()); err != nil {
		t.Error(err)
	}
}
