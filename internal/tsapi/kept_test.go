// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/testbed/fakeapi"
)

// An answer is kept for whoever asks the same again, until something is changed.
func TestKept(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{Keep: time.Hour})
	r.fake.SetDevices([]fakeapi.Device{{NodeID: "nOneCNTRL"}})
	list := func(q DeviceQuery) {
		t.Helper()
		if _, err := r.ListDevices(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int) {
		t.Helper()
		if got := r.fake.Count("listTailnetDevices"); got != want {
			t.Errorf("got %d requests, want %d", got, want)
		}
	}
	list(DeviceQuery{})
	list(DeviceQuery{})
	count(1)
	list(DeviceQuery{AllFields: true})
	list(DeviceQuery{Filters: url.Values{"os": {"linux"}}})
	count(3)
	// Read as something else it is another answer.
	if _, err := r.List(t.Context(), Request{Op: "listTailnetDevices"}, "devices"); err != nil {
		t.Fatal(err)
	}
	count(4)
	// What a change is based on is asked for.
	r.fake.SetDevices([]fakeapi.Device{{NodeID: "nOneCNTRL"}, {NodeID: "nTwoCNTRL"}})
	if _, err := r.ListDevices(Fresh(t.Context()), DeviceQuery{}); err != nil {
		t.Fatal(err)
	}
	count(5)
	// Whoever asks after that is told nothing older.
	if devices, err := r.ListDevices(t.Context(), DeviceQuery{}); err != nil || len(devices) != 2 {
		t.Errorf("got %d devices, %v; want those that were there when a change asked", len(devices), err)
	}
	count(5)
	// A change, a refused one too, ends it all.
	for i, fault := range []fakeapi.Fault{fakeapi.Status(400), fakeapi.Status(200)} {
		r.fake.Fail("setDeviceName", fault.Times(1))
		_ = r.SetDeviceName(t.Context(), "nOneCNTRL", "other")
		list(DeviceQuery{})
		list(DeviceQuery{})
		count(6 + i)
	}
}

// It is kept for whoever asks next also when the one who asked first has left.
func TestKeptWithoutTheFirst(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{Keep: time.Hour})
	hold, release := fakeapi.Hold()
	defer release()
	script := r.fake.Fail("listTailnetDevices", hold.Times(1))
	list := func(ctx context.Context) chan error {
		done := make(chan error, 1)
		go func() { _, err := r.ListDevices(ctx, DeviceQuery{}); done <- err }()
		return done
	}
	ctx, leave := context.WithCancel(t.Context())
	first := list(ctx)
	<-script.Reached()
	second := list(t.Context())
	eventually(t, "both callers", func() bool { return waiters(r.API) == 2 })
	leave()
	wantError(t, <-first, failure.Cancelled)
	release()
	if err := errors.Join(<-second, <-list(t.Context())); err != nil {
		t.Error(err)
	}
	if got := r.fake.Count("listTailnetDevices"); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}

func TestErrorsAreNotKept(t *testing.T) {
	r := newRig(t, fakeapi.Options{}, Options{Keep: time.Hour, RetryBudget: -1})
	r.fake.Fail("listTailnetDevices", fakeapi.Status(500).Times(1))
	if _, err := r.ListDevices(t.Context(), DeviceQuery{}); err == nil {
		t.Error("want an error")
	}
	if _, err := r.ListDevices(t.Context(), DeviceQuery{}); err != nil {
		t.Errorf("the error of before was kept: %v", err)
	}
}

func TestKeptForATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := kept{keep: 3 * time.Second}
		k.put("a", 1, 10)
		time.Sleep(2 * time.Second)
		k.put("b", 2, 10)
		if k.get(t.Context(), "a") != 1 || k.get(t.Context(), "b") != 2 {
			t.Error("an answer is gone before its time")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if k.get(t.Context(), "a") != nil || k.get(t.Context(), "b") != 2 {
			t.Error("an answer stays, or is gone before its time")
		}
		k.drop()
		if k.get(t.Context(), "b") != nil {
			t.Error("an answer is there that was dropped")
		}
		// The timer of one that was dropped leaves its successor alone.
		k.put("b", 3, 10)
		time.Sleep(1500 * time.Millisecond)
		synctest.Wait()
		if k.get(t.Context(), "b") != 3 {
			t.Error("an answer went with the timer of another")
		}
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if n := k.count(); n != 0 {
			t.Errorf("%d answers stay for ever", n)
		}
		// A newer answer takes the place of an older one, for a time of its own.
		k.put("c", 4, maxKept-1)
		time.Sleep(2 * time.Second)
		k.put("c", 5, maxKept-1)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if k.get(t.Context(), "c") != 5 {
			t.Error("an older answer stays, or the newer one is gone before its time")
		}
		k.put("c", 6, maxKept)
		if k.get(t.Context(), "c") != nil {
			t.Error("an older answer stays because the newer one is too large")
		}
		for i := range 10 {
			k.put(fmt.Sprint(i), i, maxKept/4-1)
		}
		if n := k.count(); n != 4 {
			t.Errorf("got %d answers kept, want those that there is room for", n)
		}
		// The key counts too: it has the body of the request, a whole policy perhaps.
		k.drop()
		if k.put(strings.Repeat("d", maxKept/2), 7, maxKept/2+1); k.count() != 0 {
			t.Error("an answer is kept whose request there is no room for")
		}
		time.Sleep(time.Minute)
	})
}

// What is dropped is let go at once and not when its time is over: several changes
// in a row would hold several times maxKept.
func TestDroppedIsLetGo(t *testing.T) {
	k := kept{keep: time.Hour}
	gone := func() weak.Pointer[[1 << 10]byte] {
		answer := new([1 << 10]byte)
		k.put("a", answer, len(answer))
		return weak.Make(answer)
	}()
	runtime.GC()
	if gone.Value() == nil {
		t.Fatal("it was not kept: this test tests nothing")
	}
	k.drop()
	runtime.GC()
	if gone.Value() != nil {
		t.Error("what was dropped is still held")
	}
	runtime.KeepAlive(&k)
}

func (k *kept) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.m)
}

// What is sent as a secret is in no error, whatever the API says about it.
func TestSecretsOfARequest(t *testing.T) {
	const secret = "as32598d#@%asdf"
	r := newRig(t, fakeapi.Options{}, Options{RetryBudget: -1})
	for _, op := range []string{"createPostureIntegration", "getPostureIntegrations"} {
		r.fake.Fail(op, fakeapi.Body(400, "application/json", `{"message":"bad clientSecret `+secret+`"}`))
		_, err := r.Object(t.Context(), Request{Op: op, Body: map[string]string{"clientSecret": secret}, Secrets: []string{"", secret}})
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(e.Message, "bad clientSecret [redacted]") || strings.Contains(fmt.Sprintf("%v %+v", err, e), secret) {
			t.Errorf("%s: got %v", op, err)
		}
	}
}
