// SPDX-License-Identifier: MIT

package audit

import (
	"testing"
	"testing/synctest"
	"time"
)

// What comes while the log pauses is written together, and soon; much of it, and
// the end, keep nobody waiting.
func TestQueueGathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &kept{}
		q := NewQueue(k, noLoss(t))
		put := func(n int) {
			for range n {
				_ = q.Write(t.Context(), sample()[0])
			}
		}
		want := func(n int, after time.Duration, when string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			if got := len(k.all()); got != n {
				t.Errorf("%s: got %d records, want %d", when, got, n)
			}
		}
		put(1)
		want(1, 0, "the first")
		put(2)
		want(1, gather/2, "two more")
		want(3, gather/2, "after the pause")
		put(queueLength/2 + 1)
		want(queueLength/2+4, 0, "when there are many")
		put(1)
		q.Close()
		want(queueLength/2+5, 0, "at the end")
	})
}

// A change does not wait for the pause after reads, nor does the end.
func TestChangeEndsPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := open(t, &faulty{}, noLoss(t))
		began := time.Now()
		for range 3 {
			for _, r := range []Record{sample()[0], change("x")} {
				if err := f.Write(t.Context(), r); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("it took %v, want no pause", took)
		}
	})
}
