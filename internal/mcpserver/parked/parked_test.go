// SPDX-License-Identifier: MIT

package parked

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tailscale-mcp/internal/asking"
)

var errCancelled = errors.New("cancelled")

// call begins a call of a caller that asks and returns what it was answered, or why it was not.
func call(t *Table, caller string, size int, kept func(any) (any, int)) (c *Call, held *int) {
	held = new(int)
	if kept == nil {
		kept = func(r any) (any, int) { return r, 1 }
	}
	return t.Run(context.Background(), Options{
		Binding: Binding{Caller: caller}, Digest: func() [32]byte { return [32]byte{1} }, Size: size, Cancelled: errCancelled,
		Void: func(why error) error { return fmt.Errorf("void: %w", why) },
		Hold: func() (func(), error) { *held++; return func() { *held-- }, nil }, Kept: kept,
	}, func(ctx context.Context, ask asking.Func, _ Hearing) any {
		responses, err := ask(ctx, map[string]asking.Request{"a": {Method: asking.Roots}})
		if ctx.Err() != nil {
			return context.Cause(ctx).Error()
		}
		if err != nil {
			return err.Error()
		}
		return string(responses["a"].Result)
	}), held
}

func answered(step Step) map[string]asking.Response {
	all := map[string]asking.Response{}
	for key := range step.Requests {
		all[key] = asking.Response{Result: []byte(`{"ok":1}`)}
	}
	return all
}

// empty waits until nothing is counted any more.
func empty(t *testing.T, table *Table) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		table.mu.Lock()
		left := table.all + table.bytes + len(table.ofCaller) + len(table.byState)
		table.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%+v is left", table)
		}
	}
}

// TestHungUp: a client that has hung up is asked nothing, also when its server has asked in the
// same moment: nobody would come back.
func TestHungUp(t *testing.T) {
	table := New()
	c, held := call(table, "alice", 10, nil)
	for asked := false; !asked; time.Sleep(time.Millisecond) {
		table.mu.Lock()
		asked = len(c.open) > 0
		table.mu.Unlock()
	}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	if step := c.Wait(gone); step.State != "" || step.Result != errCancelled.Error() {
		t.Errorf("%+v", step)
	}
	if empty(t, table); *held != 0 {
		t.Errorf("%d calls are held", *held)
	}
}

// TestGoesOn: a call goes on with the answers to its questions, and takes its share until it
// is over.
func TestGoesOn(t *testing.T) {
	table := New()
	c, held := call(table, "alice", 10, nil)
	step := c.Wait(t.Context())
	if len(step.Requests) != 1 || step.State == "" || *held != 1 || table.Waiting() != 1 {
		t.Fatalf("%+v, held %d", step, *held)
	}
	again, err := table.Resume(step.State, Binding{Caller: "alice", Params: [32]byte{1}}, answered(step), Hearing{})
	if err != nil || again != c {
		t.Fatal(err)
	}
	if got := c.Wait(t.Context()); got.Result != `{"ok":1}` {
		t.Errorf("%+v", got)
	}
	if empty(t, table); *held != 0 {
		t.Error("its share is held")
	}
}

// TestNobodyComes: a call that nobody comes back for is cancelled, and its end recorded by
// whoever made it; a result that is there already is dropped.
func TestNobodyComes(t *testing.T) {
	table := New()
	table.time = time.Millisecond
	ended := make(chan any, 1)
	c := table.Run(context.Background(), Options{
		Void: func(why error) error { return why }, Digest: func() [32]byte { return [32]byte{} },
		Hold: func() (func(), error) { return func() {}, nil }, Kept: func(r any) (any, int) { return r, 0 },
	}, func(ctx context.Context, ask asking.Func, _ Hearing) any {
		_, _ = ask(ctx, map[string]asking.Request{"a": {}})
		ended <- context.Cause(ctx)
		return nil
	})
	step := c.Wait(t.Context())
	if why := <-ended; why != ErrNobody { //nolint:errorlint // the very value
		t.Errorf("ended by %v", why)
	}
	empty(t, table)
	if _, err := table.Resume(step.State, Binding{}, nil, Hearing{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("resumed: %v", err)
	}
}

// TestLate: the end of the time of one state is not that of the next.
func TestLate(t *testing.T) {
	table := New()
	c, _ := call(table, "alice", 10, nil)
	first := c.Wait(t.Context())
	b := Binding{Caller: "alice", Params: [32]byte{1}}
	if _, err := table.Resume(first.State, b, nil, Hearing{}); err != nil { // with no answer: it is asked again
		t.Fatal(err)
	}
	second := c.Wait(t.Context())
	c.late(first.State)
	if _, err := table.Resume(second.State, b, answered(second), Hearing{}); err != nil {
		t.Fatalf("the second state: %v", err)
	}
	if got := c.Wait(t.Context()); got.Result != `{"ok":1}` {
		t.Errorf("%+v", got)
	}
	empty(t, table)
}

// TestDrained: a call that waits when the daemon stops ends with that, also where it hears of
// it late, and its server is not told that nobody has answered.
func TestDrained(t *testing.T) {
	table := New()
	ended := make(chan error, 1)
	c := table.Run(context.Background(), Options{
		Void: func(why error) error { return why }, Digest: func() [32]byte { return [32]byte{} },
		Hold: func() (func(), error) { return func() {}, nil }, Kept: func(r any) (any, int) { return r, 0 },
	}, func(ctx context.Context, ask asking.Func, _ Hearing) any {
		late, end := context.WithCancel(context.WithoutCancel(ctx))
		defer context.AfterFunc(ctx, func() { // as that of a change is
			time.Sleep(20 * time.Millisecond) // in which nothing is to happen
			end()
		})()
		_, err := ask(late, map[string]asking.Request{"a": {}})
		ended <- err
		return nil
	})
	c.Wait(t.Context())
	table.Drain()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	empty(t, table)
}

// TestHangsUp: a client that hangs up while it waits cancels its call.
func TestHangsUp(t *testing.T) {
	table := New()
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	c, _ := call(table, "alice", 1, nil)
	var got any
	for step := c.Wait(ctx); ; step = c.Wait(ctx) {
		if got = step.Result; step.State == "" {
			break
		}
		// It was asked before it was seen to be gone.
		if _, err := table.Resume(step.State, Binding{Caller: "alice", Params: [32]byte{1}}, nil, Hearing{}); err != nil {
			t.Fatal(err)
		}
	}
	if got != "cancelled" {
		t.Errorf("ended with %v", got)
	}
	empty(t, table)
}

// TestBounds: what waits is bounded for a caller and in all, in number and in bytes.
func TestBounds(t *testing.T) {
	table := New()
	var steps []Step
	wait := func(caller string, size int) string {
		c, _ := call(table, caller, size, nil)
		step := c.Wait(t.Context())
		if step.State == "" {
			return fmt.Sprint(step.Result)
		}
		steps = append(steps, step)
		return ""
	}
	if got := wait("alice", mostArguments+1); !strings.Contains(got, "256 KiB") {
		t.Errorf("a large one: %s", got)
	}
	for i := range Most {
		if got := wait("alice", 1); got != "" {
			t.Errorf("call %d: %s", i, got)
		}
	}
	if got := wait("alice", 1); got != "" || table.Waiting() != Most {
		t.Errorf("one more: %s; %d wait", got, table.Waiting())
	}
	if _, err := table.Resume(steps[0].State, Binding{Caller: "alice", Params: [32]byte{1}}, nil, Hearing{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("that which has waited longest: %v", err)
	}
	if c, err := table.Resume(steps[1].State, Binding{Caller: "alice", Params: [32]byte{1}}, answered(steps[1]), Hearing{}); err != nil {
		t.Errorf("another: %v", err)
	} else if got := c.Wait(t.Context()); got.Result != `{"ok":1}` {
		t.Errorf("another: %+v", got)
	}
	for i := 0; table.Waiting() < mostInAll; i++ {
		if got := wait(fmt.Sprint(i), mostBytes/mostInAll-100); got != "" {
			t.Fatalf("call %d: %s", i, got)
		}
	}
	if got := wait("bob", 1); !strings.Contains(got, "of all callers") {
		t.Errorf("over all: %s", got)
	}
	table.Drain()
	table.Drain()
	empty(t, table)
	if got := wait("bob", 1); got != asking.ErrVoid.Error() {
		t.Errorf("after the end: %s", got)
	}
	full := New()
	full.bytes = mostBytes
	c, _ := call(full, "bob", 1, nil)
	if got := c.Wait(t.Context()); !strings.Contains(fmt.Sprint(got.Result), "too much waits") {
		t.Errorf("over the bytes: %v", got)
	}
}

// TestKept: of a result that is there before its client, what is kept counts.
func TestKept(t *testing.T) {
	table := New()
	over, asked := make(chan struct{}), make(chan struct{})
	c := table.Run(context.Background(), Options{
		Binding: Binding{Caller: "alice"}, Digest: func() [32]byte { return [32]byte{} }, Void: func(why error) error { return why },
		Hold: func() (func(), error) { return func() {}, nil },
		Kept: func(any) (any, int) { defer close(over); return "less", 100 },
	}, func(ctx context.Context, ask asking.Func, _ Hearing) any {
		ctx, cancel := context.WithCancel(ctx)
		go func() { <-asked; cancel() }() // as a server does that wants no answer any more
		_, _ = ask(ctx, map[string]asking.Request{"a": {}})
		return "more"
	})
	step := c.Wait(t.Context())
	close(asked)
	<-over
	c, err := table.Resume(step.State, Binding{Caller: "alice"}, nil, Hearing{})
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Wait(t.Context()); got.Result != "less" {
		t.Errorf("%+v", got)
	}
	empty(t, table)
}
