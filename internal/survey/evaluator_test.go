// SPDX-License-Identifier: MIT

package survey_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tsapi"
)

// counting is an API of an empty tailnet that counts how often its devices are read.
type counting struct {
	survey.API
	reads atomic.Int32
}

func (c *counting) ListDevices(context.Context, tsapi.DeviceQuery) ([]tsapi.Device, error) {
	c.reads.Add(1)
	return nil, nil
}

func (c *counting) List(context.Context, tsapi.Request, string) ([]tsapi.Object, error) {
	return nil, nil
}

// TestOneAtATime: of many questions one is evaluated, the tailnet of the next is read, and
// the others hold none and can be given up.
func TestOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		file, err := grammar.Parse(`{}`)
		if err != nil {
			t.Fatal(err)
		}
		api := &counting{}
		evaluator := survey.NewEvaluator(api)
		ctx, giveUp := context.WithCancel(t.Context())
		var evaluated, refused atomic.Int32
		release := make(chan struct{})
		for range 10 {
			go func() {
				err := evaluator.Evaluate(ctx, nil, []*grammar.File{file}, func(survey.Evaluation) error {
					evaluated.Add(1)
					<-release
					return nil
				})
				if errors.Is(err, context.Canceled) {
					refused.Add(1)
				}
			}()
		}
		want := func(when string, evaluations, reads, refusals int32) {
			t.Helper()
			synctest.Wait()
			if e, r, n := evaluated.Load(), api.reads.Load(), refused.Load(); e != evaluations || r != reads || n != refusals {
				t.Errorf("%s: got %d evaluated, %d tailnets read, %d given up, want %d, %d, %d", when, e, r, n, evaluations, reads, refusals)
			}
		}
		want("at first", 1, 2, 0)
		release <- struct{}{}
		want("after one", 2, 3, 0)
		giveUp()
		want("given up", 2, 3, 8)
		close(release)
		want("at last", 2, 3, 8)
	})
}
