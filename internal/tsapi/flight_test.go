// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// eventually waits for a condition that other goroutines bring about.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for: %s", what)
		}
	}
}

// waiters returns how many callers wait for reads.
func waiters(a *API) int {
	return a.reads.Waiting()
}

func TestIdenticalReadsAreJoined(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	r.fake.AddDevices(10)
	hold, release := fakeapi.Hold()
	script := r.fake.Fail("listTailnetDevices", hold)

	const callers = 50
	var wg sync.WaitGroup
	var traces [callers]Trace
	for i := range callers {
		wg.Go(func() {
			devices, err := r.ListDevices(WithTrace(t.Context(), &traces[i]), DeviceQuery{})
			if err != nil || len(devices) != 10 {
				t.Errorf("got %d devices, %v", len(devices), err)
				return
			}
			devices[0] = Device{} // everybody has a slice of their own
		})
	}
	<-script.Reached()
	eventually(t, "all callers", func() bool { return waiters(r.API) == callers })
	// Another question is not the same question.
	wg.Go(func() {
		if devices, err := r.ListDevices(t.Context(), DeviceQuery{AllFields: true}); err != nil || len(devices) != 10 {
			t.Errorf("all fields: got %d devices, %v", len(devices), err)
		}
	})
	eventually(t, "the other question", func() bool { return script.Hits() == 2 })
	release()
	wg.Wait()

	if got := r.fake.Count("listTailnetDevices"); got != 2 {
		t.Errorf("got %d requests, want 2", got)
	}
	requests := 0
	for i := range traces {
		requests += traces[i].Requests()
		if got := traces[i].Status(); got != 200 {
			t.Errorf("caller %d: got status %d, want 200", i, got)
		}
	}
	if requests != 1 {
		t.Errorf("got %d requests in the traces, want 1", requests)
	}
}

func TestCancellingIsNotShared(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	hold, release := fakeapi.Hold()
	script := r.fake.Fail("getTailnetSettings", hold)

	first, cancelFirst := context.WithCancel(t.Context())
	second, cancelSecond := context.WithTimeout(t.Context(), time.Hour)
	defer cancelSecond()
	errs := make(chan error, 1)
	go func() { _, err := r.Settings(first); errs <- err }()
	<-script.Reached()
	answers := make(chan error, 1)
	go func() { _, err := r.Settings(second); answers <- err }()
	eventually(t, "both callers", func() bool { return waiters(r.API) == 2 })

	cancelFirst()
	err := <-errs
	if e := wantError(t, err, failure.Cancelled); !errors.Is(e, context.Canceled) {
		t.Errorf("got %v, want it to be context.Canceled", err)
	}
	select {
	case err := <-answers:
		t.Fatalf("the second caller got %v when the first one left", err)
	default:
	}
	release()
	if err := <-answers; err != nil {
		t.Errorf("second caller: got %v, want none", err)
	}
	if got := r.fake.Count("getTailnetSettings"); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}

func TestReadStopsWhenNobodyWaits(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{Concurrency: 1})
	hold, release := fakeapi.Hold()
	defer release()
	script := r.fake.Fail("getTailnetSettings", hold.Times(1))
	ctx, cancel := context.WithCancel(t.Context())
	errs := make(chan error, 2)
	for range 2 {
		go func() { _, err := r.Settings(ctx); errs <- err }()
	}
	<-script.Reached()
	eventually(t, "both callers", func() bool { return waiters(r.API) == 2 })
	cancel()
	for range 2 {
		wantError(t, <-errs, failure.Cancelled)
	}
	// The only slot is free again, although the request was never answered, and
	// a new caller is not given the old one's cancellation.
	if _, err := r.Settings(t.Context()); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

func TestDeadlineOfACaller(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	hold, release := fakeapi.Hold()
	defer release()
	r.fake.Fail("", hold)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := r.Settings(ctx)
	if e := wantError(t, err, failure.UpstreamTimeout); !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("got %v, want it to be context.DeadlineExceeded", err)
	}
	cancel()
	_, err = r.Settings(ctx)
	wantError(t, err, failure.UpstreamTimeout)
}

// TestReadAfterChange: a read that starts after a change was made does not join
// one that started before it and may show the old state.
func TestReadAfterChange(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	r.fake.AddDevices(1)
	id := r.fake.Devices()[0].NodeID
	hold, release := fakeapi.Hold()
	script := r.fake.Fail("getDevice", hold.AfterEffect().Times(1)) // holds the old state
	old := make(chan string, 1)
	go func() {
		d, err := r.GetDevice(t.Context(), id, false)
		if err != nil {
			t.Error(err)
		}
		old <- d.Name
	}()
	<-script.Reached()
	if err := r.SetDeviceName(t.Context(), id, "fresh"); err != nil {
		t.Fatal(err)
	}
	d, err := r.GetDevice(t.Context(), id, false)
	if err != nil || d.Name != "fresh.tailfe8c.ts.net" {
		t.Errorf("got %s, %v, want the new name", d.Name, err)
	}
	release()
	if got := <-old; got == "fresh.tailfe8c.ts.net" {
		t.Errorf("got the new name from the old read: this test tests nothing")
	}
}

func TestChangeEndsThoughItsCallerLeft(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	r.fake.AddDevices(1)
	id := r.fake.Devices()[0].NodeID

	gone, cancel := context.WithCancel(t.Context())
	cancel()
	e := wantError(t, r.SetDeviceName(gone, id, "never"), failure.Cancelled)
	if got := r.fake.Count("setDeviceName"); got != 0 || e.OutcomeUnknown {
		t.Errorf("cancelled before: got %d requests and %v, want none sent", got, e)
	}

	hold, release := fakeapi.Hold()
	script := r.fake.Fail("setDeviceName", hold)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.SetDeviceName(ctx, id, "fresh") }()
	<-script.Reached()
	cancel()
	release()
	if err := <-done; err != nil {
		t.Errorf("got %v, want the outcome of the change", err)
	}
	if got := r.fake.Devices()[0].Name; got != "fresh.tailfe8c.ts.net" {
		t.Errorf("got name %s, want the new one", got)
	}

	// A deadline does end it, and the answer says what that means.
	r.fake.ClearFaults()
	hold, release = fakeapi.Hold()
	defer release()
	script = r.fake.Fail("setDeviceName", hold)
	_, err := untilSent(script, func(limit time.Duration) error {
		late, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		return r.SetDeviceName(late, id, "x")
	})
	if e := wantError(t, err, failure.UpstreamTimeout); !e.OutcomeUnknown {
		t.Errorf("got %v, want an unknown outcome", e)
	}
}

func TestConcurrencyIsBounded(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{Concurrency: 3})
	r.fake.AddDevices(20)
	hold, release := fakeapi.Hold()
	script := r.fake.Fail("getDevice", hold)
	var wg sync.WaitGroup
	for _, d := range r.fake.Devices() {
		wg.Go(func() {
			if _, err := r.GetDevice(t.Context(), d.NodeID, false); err != nil {
				t.Error(err)
			}
		})
	}
	eventually(t, "all callers", func() bool { return waiters(r.API) == 20 && script.Hits() == 3 })
	// One who cannot wait for a slot learns that nothing was sent.
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	e := wantError(t, r.SetDeviceName(ctx, r.fake.Devices()[0].NodeID, "x"), failure.UpstreamTimeout)
	if e.OutcomeUnknown || r.fake.Count("setDeviceName") != 0 {
		t.Errorf("got %v, want to know that nothing was sent", e)
	}
	if got := script.Hits(); got != 3 {
		t.Errorf("got %d requests at once, want 3", got)
	}
	release()
	wg.Wait()
}

func TestPanicEndsOneCall(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{})
	_, err := do(t.Context(), r.API, Request{Op: "getTailnetSettings"}, func(*reply) (int, error) { panic("tskey-api-inside") })
	wantError(t, err, failure.Internal)
	if _, err := r.Settings(t.Context()); err != nil {
		t.Errorf("got %v afterwards, want none", err)
	}
}

// TestManyCallersComeAndGo looks for races: callers with short lives on one key.
func TestManyCallersComeAndGo(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{Concurrency: 2})
	r.fake.AddDevices(5)
	r.fake.Fail("listTailnetDevices", fakeapi.Slow(2*time.Millisecond))
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%10+1)*time.Millisecond)
			defer cancel()
			devices, err := r.ListDevices(ctx, DeviceQuery{})
			if err == nil && len(devices) != 5 {
				t.Errorf("got %d devices, want 5 or an error", len(devices))
			}
			if err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the end of the time only", err)
			}
		})
	}
	wg.Wait()
	eventually(t, "no reads under way", func() bool { return waiters(r.API) == 0 })
	if devices, err := r.ListDevices(t.Context(), DeviceQuery{}); err != nil || len(devices) != 5 {
		t.Errorf("afterwards: got %d devices, %v", len(devices), err)
	}
}

func TestFlightKeys(t *testing.T) {
	op := &operation{id: "x"}
	requests := []Request{
		{}, {Params: []string{"a b"}}, {Params: []string{"a", "b"}}, {Accept: "a"},
		{Params: []string{"a?b=c"}}, {Params: []string{"a"}, Query: map[string][]string{"b": {"c"}}},
		{Query: map[string][]string{"b": {"c", "d"}}}, {Query: map[string][]string{"b": {"c&b=d"}}},
	}
	seen := map[string]string{}
	for _, r := range requests {
		r.op = op
		text := fmt.Sprintf("%q %v %s", r.Params, r.Query, r.Accept)
		if other, ok := seen[r.key()]; ok {
			t.Errorf("got the same key for %s and %s", text, other)
		}
		seen[r.key()] = text
	}
}
