// SPDX-License-Identifier: MIT

package load

import (
	"context"
	"errors"
	"sync"
	"time"

	"tailscale-mcp/internal/testbed/measure"
)

// Sample is what one degree of concurrency gave.
type Sample struct {
	P50, P99 time.Duration
	Rate     float64 // answers a second
	Body     []byte  // one of the answers
}

// Run keeps n questions in flight for a while. The first error of each ends it.
func Run(ctx context.Context, n int, d time.Duration, ask func(ctx context.Context) ([]byte, error)) (Sample, error) {
	var (
		mu    sync.Mutex
		took  []time.Duration
		last  []byte
		first error
		wg    sync.WaitGroup
	)
	began := time.Now()
	for range n {
		wg.Go(func() {
			var own []time.Duration
			var answer []byte
			for time.Since(began) < d && ctx.Err() == nil {
				at := time.Now()
				body, err := ask(ctx)
				if err != nil {
					mu.Lock()
					first = errors.Join(first, err)
					mu.Unlock()
					return
				}
				own = append(own, time.Since(at))
				answer = body
			}
			mu.Lock()
			defer mu.Unlock()
			took, last = append(took, own...), answer
		})
	}
	wg.Wait()
	if first != nil || len(took) == 0 {
		return Sample{}, errors.Join(first, ctx.Err())
	}
	return Sample{measure.Median(took), measure.Quantile(took, 0.99), float64(len(took)) / time.Since(began).Seconds(), last}, nil
}
