// SPDX-License-Identifier: MIT

package survey

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"
)

// Each answer is good for a minute, and so many are asked for in one; what failed is not
// kept.
func TestDetails(t *testing.T) {
	d := newDetails()
	now := time.Date(2026, 11, 29, 8, 0, 0, 0, time.UTC)
	d.now = func() time.Time { return now }
	asked := 0
	get := func(key string, fails error) (int, error) {
		return detailOf(t.Context(), d, key, func(context.Context) (int, error) {
			asked++
			return asked, fails
		})
	}
	want := func(key string, value, requests int) {
		t.Helper()
		if got, err := get(key, nil); got != value || asked != requests || err != nil {
			t.Errorf("got %d and %v after %d requests, want %d after %d", got, err, asked, value, requests)
		}
	}
	want("a", 1, 1)
	want("a", 1, 1)
	want("b", 2, 2)
	no := errors.New("no")
	if _, err := get("c", no); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	want("c", 4, 4)
	now = now.Add(fresh - time.Nanosecond)
	want("a", 1, 4)
	now = now.Add(time.Nanosecond)
	want("a", 5, 5)
	if len(d.all) != 1 {
		t.Errorf("got %d kept, want the one that is good", len(d.all))
	}
	for i := range perMinute - 1 {
		_, _ = get(fmt.Sprint(i), nil)
	}
	asked = 0
	if _, err := get("one more", nil); !errors.Is(err, errSpent) || asked != 0 {
		t.Errorf("got %v and %d requests beyond the bound", err, asked)
	}
	if got, err := get("a", nil); got != 5 || err != nil {
		t.Errorf("got %d and %v of what is known", got, err)
	}
	now = now.Add(time.Minute)
	want("one more", 1, 1)
}
