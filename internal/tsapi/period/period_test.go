// SPDX-License-Identifier: MIT

package period

import (
	"strings"
	"testing"
	"time"
)

// What happened a moment ago is in the window, and a window is as long as was asked for, in
// any of the forms in which people write times.
func TestSpan(t *testing.T) {
	now := time.Date(2026, 11, 29, 18, 9, 40, 646_123_456, time.UTC)
	reach := Reach{Back: Day, Most: 10 * Day, Kept: 90 * Day}
	for _, c := range []struct{ start, end, cursor, wantStart, wantEnd, refused string }{
		{"", "", "", "2026-11-28T18:09:40.646123Z", "2026-11-29T18:09:40.646123Z", ""},
		{"2h", "90m", "", "2026-11-29T16:09:40.646123Z", "2026-11-29T16:39:40.646123Z", ""},
		{" 2d ", "", "", "2026-11-27T18:09:40.646123Z", "2026-11-29T18:09:40.646123Z", ""},
		{"2026-11-28T18:00:00+01:00", "2026-11-28T18:00:00.5Z", "C", "2026-11-28T17:00:00Z", "2026-11-28T18:00:00.5Z", ""},
		{"2d", "1d", "C", "", "", "a cursor needs"},
		{"1h", "2h", "", "", "", "is not after"},
		{"11d", "", "", "", "", "more than 240 hours"},
		{"91d", "90d", "", "", "", "kept for 90 days"},
		{"lunch", "", "", "", "", "start is neither"},
		{"", "--1h", "", "", "", "end is neither"},
		{"-+1h", "", "", "", "", "start is neither"},
		{"-2h", "-90m", "", "2026-11-29T16:09:40.646123Z", "2026-11-29T16:39:40.646123Z", ""},
		{"-7d", " Now ", "", "2026-11-22T18:09:40.646123Z", "2026-11-29T18:09:40.646123Z", ""},
		{"now", "", "", "", "", "is not after"},
		{"7d", "now", "C", "", "", "a cursor needs"},
		{"2026-11-21", "", "", "2026-11-21T00:00:00Z", "2026-11-29T18:09:40.646123Z", ""},
		{"2026-11-21", "2026-11-21", "C", "2026-11-21T00:00:00Z", "2026-11-22T00:00:00Z", ""},
		{"2026-11-29", "2026-11-29", "", "2026-11-29T00:00:00Z", "2026-11-29T18:09:40.646123Z", ""},
		{"2026-11-29", "2026-11-29", "C", "", "", "a cursor needs"},
		{"2026-11-31", "", "", "", "", "start is neither"},
		{"2026-11-1", "", "", "", "", "start is neither"},
	} {
		got, err := reach.Span(now, Window{c.start, c.end}, c.cursor)
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) {
				t.Errorf("%q to %q: got %v, want %s", c.start, c.end, err, c.refused)
			}
			continue
		}
		if want := (Span{c.wantStart, c.wantEnd}); err != nil || got != want {
			t.Errorf("%q to %q: got %v and error %v, want %v", c.start, c.end, got, err, want)
		}
	}
}

func TestSortable(t *testing.T) {
	times := []string{"2026-01-01T00:00:26Z", "2026-01-01T00:00:26.5Z", "2026-01-01T00:00:26.58Z", "2026-01-01T02:00:27+02:00", "2026-01-01T00:00:28Z"}
	for i := 1; i < len(times); i++ {
		if Sortable(times[i-1]) >= Sortable(times[i]) {
			t.Errorf("%s does not come before %s", times[i-1], times[i])
		}
	}
}
