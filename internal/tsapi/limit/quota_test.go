// SPDX-License-Identifier: MIT

package limit

import (
	"fmt"
	"testing"
	"time"
)

// clock is a time that the test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func (c *clock) move(d time.Duration) { c.now = c.now.Add(d) }

func TestNoCallerRate(t *testing.T) {
	q := Quotas{PerMinute: -1}
	for range 1000 {
		if e := q.Take("a"); e != nil {
			t.Fatal(e)
		}
	}
}

func TestCallersAreBounded(t *testing.T) {
	c := &clock{now: time.Now()}
	q := Quotas{PerMinute: 3, Now: c.Now}
	for i := range 3 * maxCallers {
		c.move(time.Millisecond)
		if e := q.Take(fmt.Sprint(i)); e != nil {
			t.Fatal(e)
		}
		if len(q.m) > maxCallers {
			t.Fatalf("got %d callers, want %d", len(q.m), maxCallers)
		}
	}
	if q.m["0"] != nil || q.m[fmt.Sprint(3*maxCallers-1)] == nil {
		t.Error("the ones that asked last are not those that are remembered")
	}
	c.move(time.Minute)
	if e := q.Take("another"); e != nil || len(q.m) != 1 {
		t.Errorf("got %v and %d callers, want those forgotten that have all again", e, len(q.m))
	}
}
