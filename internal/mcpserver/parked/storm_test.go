// SPDX-License-Identifier: MIT

package parked

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tailscale-mcp/internal/asking"
)

// TestStorm: clients that come back, come back twice, void, hang up and stay away, all at the
// same time as calls end and time runs out: each call ends, what it held is given back once, and
// no two requests go on with one call.
func TestStorm(t *testing.T) {
	table := New()
	table.time = 2 * time.Millisecond
	var held, ended, begun atomic.Int64
	var all sync.WaitGroup
	for i := range 16 {
		all.Go(func() {
			who := Binding{Caller: fmt.Sprint("caller", i%6), Params: [32]byte{1}}
			for range 60 {
				begun.Add(1)
				var going atomic.Int64
				c := table.Run(context.Background(), Options{
					Binding: Binding{Caller: who.Caller}, Digest: func() [32]byte { return [32]byte{1} }, Size: 100, Cancelled: errCancelled,
					Void: func(why error) error { return why },
					Hold: func() (func(), error) {
						held.Add(1)
						return func() { held.Add(-1) }, nil
					},
					Kept: func(r any) (any, int) { return r, 50 },
				}, func(ctx context.Context, ask asking.Func, _ Hearing) any {
					defer ended.Add(1)
					for range 1 + rand.IntN(3) {
						short, cancel := context.WithTimeout(ctx, time.Duration(rand.IntN(4))*time.Millisecond)
						_, _ = ask(short, map[string]asking.Request{"a": {Method: asking.Roots}, "b": {Method: asking.Roots}})
						cancel()
					}
					return "done"
				})
				for step := c.Wait(t.Context()); step.Requests != nil; {
					if rand.IntN(8) == 0 {
						break // nobody comes back
					}
					answers := answered(step)
					if rand.IntN(2) == 0 {
						delete(answers, "a")
					}
					next := make(chan Step, 4)
					var rivals sync.WaitGroup
					for range 3 {
						rivals.Go(func() {
							switch rand.IntN(8) {
							case 0:
								table.Void(step.State, who, errCancelled)
								return
							case 1:
								c.late(step.State)
								return
							}
							again, err := table.Resume(step.State, who, answers, Hearing{})
							if err != nil {
								if !errors.Is(err, ErrUnknown) {
									t.Error(err)
								}
								return
							}
							if going.Add(1) != 1 {
								t.Error("two requests go on with one call")
							}
							ctx, cancel := context.WithCancel(t.Context())
							if rand.IntN(4) == 0 {
								cancel()
							}
							s := again.Wait(ctx)
							going.Add(-1)
							cancel()
							next <- s
						})
					}
					rivals.Wait()
					select {
					case step = <-next:
					default:
						step = Step{}
					}
				}
			}
		})
	}
	all.Wait()
	empty(t, table)
	for end := time.Now().Add(20 * time.Second); ended.Load() != begun.Load(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d of %d calls have ended", ended.Load(), begun.Load())
		}
	}
	if held.Load() != 0 {
		t.Errorf("%d shares are held", held.Load())
	}
}
