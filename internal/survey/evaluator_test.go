// SPDX-License-Identifier: MIT

package survey_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/policy/grammar"
	"tailscale-mcp/internal/survey"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/credential"
)

func parsed(t *testing.T, text string) []*grammar.File {
	t.Helper()
	f, err := grammar.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return []*grammar.File{f}
}

// One evaluation at a time: the second begins when the first has ended, and one who has
// gone does not wait.
func TestOneEvaluationAtATime(t *testing.T) {
	_, api := start(t, 2, "all")
	e := survey.NewEvaluator(api)
	files := parsed(t, `{"grants": []}`)
	begun, end := make(chan struct{}), make(chan struct{})
	var under atomic.Int32
	var wait sync.WaitGroup
	wait.Go(func() {
		err := e.Evaluate(t.Context(), nil, files, func(survey.Evaluation) error {
			under.Add(1)
			close(begun)
			<-end
			under.Add(-1)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	// Its context ends once the tailnet is read, while it waits.
	ctx, cancel := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		gone <- e.Evaluate(ctx, nil, files, func(survey.Evaluation) error {
			t.Error("two at once, and one of them for nobody")
			return nil
		})
	}()
	wait.Go(func() {
		err := e.Evaluate(t.Context(), nil, files, func(v survey.Evaluation) error {
			if n := under.Load(); n != 0 {
				t.Errorf("%d others are under way", n)
			}
			if len(v.Policies) != 1 || len(v.Devices) != 2 {
				t.Errorf("got %+v", v)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	cancel()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v of a caller who has gone", err)
	}
	close(end)
	wait.Wait()
	// What went wrong in one is no harm to the next.
	wrong := errors.New("wrong")
	for range 2 {
		if err := e.Evaluate(t.Context(), nil, files, func(survey.Evaluation) error { return wrong }); !errors.Is(err, wrong) {
			t.Errorf("got %v", err)
		}
	}
}

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

// A question about many devices does not spend what one caller may ask at once, and a
// second one soon after knows the same.
func TestEvaluationIsWithinACallersShare(t *testing.T) {
	fake, _ := start(t, 200, "all")
	base, err := url.Parse(fake.URL())
	if err != nil {
		t.Fatal(err)
	}
	api, err := tsapi.New(tsapi.Options{BaseURL: base, Credential: credential.Credential{APIKey: "tskey-api-test"}, RetryBudget: -1, Keep: -1, CallerRate: 30})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(api.Close)
	e := survey.NewEvaluator(api)
	files := parsed(t, `{"defaultSrcPosture": ["posture:a"], "postures": {"posture:a": ["node:os == 'linux'"]}}`)
	for range 4 {
		err := e.Evaluate(tsapi.OnBehalf(t.Context(), "alice"), nil, files, func(v survey.Evaluation) error {
			known := 0
			for _, d := range v.Tailnet.Devices {
				if d.PostureKnown {
					known++
				}
			}
			if known != survey.MostCalls-2 {
				t.Errorf("got the posture of %d devices, want %d", known, survey.MostCalls-2)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := fake.Count("getDevicePostureAttributes"); n != survey.MostCalls-2 {
		t.Errorf("%d requests were sent for the posture of %d devices", n, survey.MostCalls-2)
	}
}

// A file that would take too much memory is refused before it is compiled, whoever gives it.
func TestEvaluateTooMuch(t *testing.T) {
	_, api := start(t, 2, "all")
	var rules strings.Builder
	for i := range 15_000 {
		fmt.Fprintf(&rules, `{"src": ["p%d@example.com"], "dst": ["*"], "ip": ["*"]},`, i)
	}
	err := survey.NewEvaluator(api).Evaluate(t.Context(), nil, parsed(t, `{"grants": [`+rules.String()+`]}`), func(survey.Evaluation) error {
		t.Error("it was compiled")
		return nil
	})
	if failure.CodeOf(err) != failure.Unsupported {
		t.Errorf("got %v", err)
	}
}
