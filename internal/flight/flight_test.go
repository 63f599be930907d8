// SPDX-License-Identifier: MIT

package flight

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

func TestIdenticalWorkIsDoneOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		var runs atomic.Int32
		release := make(chan struct{})
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				v, err := g.Do(t.Context(), "key", func(context.Context) (int, error) {
					runs.Add(1)
					<-release
					return 7, nil
				})
				if v != 7 || err != nil {
					t.Errorf("got %d, %v, want 7", v, err)
				}
			})
		}
		synctest.Wait()
		if got := g.Waiting(); got != 20 {
			t.Errorf("%d callers wait, want 20", got)
		}
		close(release)
		wg.Wait()
		if got := runs.Load(); got != 1 || g.Waiting() != 0 {
			t.Errorf("got %d runs and %d callers afterwards, want 1 and 0", got, g.Waiting())
		}
	})
}

// TestAbandonedWork: whoever joins work that the last caller has just left is given
// the result of another run, not the end of the first.
func TestAbandonedWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		ended := make(chan struct{})
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() {
			_, err := g.Do(ctx, "key", func(ctx context.Context) (int, error) {
				<-ctx.Done()
				<-ended // it takes a while to end
				return 0, ctx.Err()
			})
			first <- err
		}()
		synctest.Wait()
		cancel()
		synctest.Wait() // until the work has been told
		second := make(chan int, 1)
		go func() {
			v, err := g.Do(t.Context(), "key", func(context.Context) (int, error) { return 2, nil })
			if err != nil {
				t.Errorf("second caller: got %v, want none", err)
			}
			second <- v
		}()
		synctest.Wait()
		close(ended)
		if got := <-second; got != 2 {
			t.Errorf("second caller: got %d, want 2", got)
		}
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("first caller: got %v, want its own end", err)
		}
	})
}

func TestOneCallerLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g Group[int]
		release := make(chan struct{})
		work := func(ctx context.Context) (int, error) {
			select {
			case <-release:
				return 1, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
		leaving, leave := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() { _, err := g.Do(leaving, "key", work); first <- err }()
		synctest.Wait()
		second := make(chan error, 1)
		go func() { _, err := g.Do(t.Context(), "key", work); second <- err }()
		synctest.Wait()
		leave()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v for the caller who left, want its own end", err)
		}
		close(release)
		if err := <-second; err != nil {
			t.Errorf("got %v for the other, want none", err)
		}
		if _, err := g.Do(leaving, "key", work); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v for a caller who has left before, want its end", err)
		}
	})
}

func TestPanicFailsTheCall(t *testing.T) {
	var g Group[int]
	_, err := g.Do(t.Context(), "key", func(context.Context) (int, error) { panic("inside") })
	var p *Panic
	if !errors.As(err, &p) || p.Value != "inside" || len(p.Stack) == 0 {
		t.Errorf("got %v, want the panic with its stack", err)
	}
}
