// SPDX-License-Identifier: MIT

package tsapi

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
	"tailscale-mcp/internal/tsapi/credential"
	"tailscale-mcp/internal/tsapi/fault"
)

// Each caller has so many requests a minute; what is kept or joined is none.
func TestCallerRate(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{CallerRate: 60})
	c := clocked(r.API)
	ask := func(key string) error { _, err := r.Settings(OnBehalf(t.Context(), key)); return err }
	for range 20 {
		if err := ask("mallory"); err != nil {
			t.Fatal(err)
		}
	}
	err := ask("mallory")
	wantHeld(t, err, 10*time.Second)
	if e := fault.Of("", err); !strings.Contains(e.Message, "60 a minute, 20 of them at once; nothing was sent") {
		t.Errorf("got %v, want the limit", e)
	}
	e := wantError(t, r.SetDeviceName(OnBehalf(t.Context(), "mallory"), "n1", "x"), failure.RateLimited)
	if !strings.HasSuffix(e.Message, "; nothing was changed") {
		t.Errorf("got %v, want to know that nothing was changed", e)
	}
	for _, key := range []string{"alice", ""} { // others, and the program itself
		if err := ask(key); err != nil {
			t.Errorf("%q: got %v", key, err)
		}
	}
	if n := r.fake.Count("getTailnetSettings"); n != 22 {
		t.Errorf("got %d requests, want 22", n)
	}
	c.move(time.Second)
	if err := ask("mallory"); err != nil {
		t.Errorf("a second later: %v", err)
	}
	wantHeld(t, ask("mallory"), 10*time.Second)
	c.move(time.Minute)
	for range 20 {
		if err := ask("mallory"); err != nil {
			t.Errorf("a minute later: %v", err)
		}
	}
}

// Whoever has spent everything and waits as told gets a whole question through, of eight
// requests here; told to come back for one, they would begin it for ever.
func TestWaitingAsTold(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{CallerRate: 60})
	c := clocked(r.API)
	question := func() (err error) {
		for range 8 {
			if _, err = r.Settings(OnBehalf(t.Context(), "alice")); err != nil {
				return err
			}
		}
		return nil
	}
	var err error
	for range 3 {
		err = question()
	}
	for range 2 {
		e := wantError(t, err, failure.RateLimited)
		c.move(e.RetryAfter)
		if err = question(); err == nil {
			return
		}
	}
	t.Errorf("after waiting twice as told: %v", err)
}

// A change that begins counts as a request, and is told as one when there is none left.
func TestCharge(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{CallerRate: 60})
	clocked(r.API)
	for range 20 {
		if err := r.Charge("mallory"); err != nil {
			t.Fatal(err)
		}
	}
	e := fault.Of("", r.Charge("mallory"))
	if e.Code != failure.RateLimited || e.RetryAfter != 10*time.Second || !strings.HasSuffix(e.Message, "; nothing was changed") {
		t.Errorf("got %v, want to know that nothing was changed", e)
	}
	_, err := r.Settings(OnBehalf(t.Context(), "mallory"))
	wantHeld(t, err, 10*time.Second)
	if err := r.Charge("alice"); err != nil {
		t.Errorf("another: %v", err)
	}
}

// A hold costs nobody a request of theirs.
func TestHoldIsNotCounted(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{CallerRate: 3})
	c := clocked(r.API)
	r.fake.Fail("", fakeapi.RateLimit(time.Second))
	for range 10 {
		_, err := r.Settings(OnBehalf(t.Context(), "mallory"))
		wantHeld(t, err, time.Second)
	}
	r.fake.ClearFaults()
	c.move(20 * time.Second)
	if _, err := r.Settings(OnBehalf(t.Context(), "mallory")); err != nil {
		t.Error(err)
	}
}

// Whoever observes is told of each request that was sent, and of no other.
func TestObserve(t *testing.T) {
	var seen []string
	r := newRig(t,
		fakeapi.Options{Clients: []fakeapi.Client{{ID: "kClient", Secret: "tskey-client-x", Scopes: []string{"all"}}}},
		Options{
			Credential: credential.Credential{OAuthClientID: "kClient", OAuthClientSecret: "tskey-client-x"}, RetryBudget: -1,
			Observe: func(op string, status int, code failure.Code, took time.Duration) {
				if took <= 0 {
					t.Errorf("%s took %v", op, took)
				}
				seen = append(seen, fmt.Sprintf("%s %d %s", op, status, code))
			},
		})
	r.fake.Fail("getTailnetSettings", fakeapi.Cut())
	_, _ = r.Settings(t.Context())
	r.fake.ClearFaults()
	_, _ = r.Settings(t.Context())
	r.fake.Fail("getDevice", fakeapi.RateLimit(time.Minute))
	for range 2 {
		_, _ = r.GetDevice(t.Context(), "n1", false)
	}
	want := "[oauthToken 200  getTailnetSettings 0 upstream_unavailable getTailnetSettings 200  getDevice 429 rate_limited]"
	if got := fmt.Sprint(seen); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
