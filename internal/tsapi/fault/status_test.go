// SPDX-License-Identifier: MIT

package fault

import (
	"testing"
	"time"
)

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	tests := map[string]time.Duration{
		"": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "-7": 0, "x": 0, "1.5": 0,
		"99999999999999999": time.Hour, "99999999999999999999999": 0,
		"Thu, 01 Oct 2026 12:00:30 GMT": 30 * time.Second, "Thu, 01 Oct 2026 11:00:00 GMT": 0,
		"Fri, 01 Oct 2027 11:00:00 GMT": time.Hour,
	}
	for value, want := range tests {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: got %v, want %v", value, got, want)
		}
	}
}
