// SPDX-License-Identifier: MIT

// Package period has the arguments by which tools take a stretch of time of a log, and
// makes absolute times of them. It imports failure; what it refuses says how times are
// written. It asks nobody and keeps nothing.
package period

import (
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/failure"
)

// Day is 24 hours.
const Day = 24 * time.Hour

// Window is the arguments of the tools that read logs; their input structs embed it.
type Window struct {
	Start string `json:"start,omitempty" jsonschema:"time, date, or back from now: 24h, 7d"`
	End   string `json:"end,omitempty" jsonschema:"likewise"`
}

// Span is a window in absolute times, as the API takes them and answers have them.
type Span struct {
	Start string `json:"start" jsonschema:"the beginning of what was read"`
	End   string `json:"end" jsonschema:"the end of what was read"`
}

// Reach bounds the window of a log: by default it begins Back ago, it is no longer
// than Most, and nothing is kept for longer than Kept.
type Reach struct{ Back, Most, Kept time.Duration }

// ConfigurationLog is the reach of the configuration audit log: entries are kept for
// 90 days (https://tailscale.com/kb/1203), all of which may be asked for at once, since
// there are filters that the API applies.
var ConfigurationLog = Reach{Back: Day, Most: 90 * Day, Kept: 90 * Day}

const sayTimes = "give start and end as times such as 2026-01-31T08:00:00Z, as dates such as 2026-01-31, as durations back from now such as 24h, -1h or 7d, or as now"

// Span makes the times of w absolute. The next page is of the same window only when the
// window does not move with the clock, so a cursor needs times.
func (r Reach) Span(now time.Time, w Window, cursor string) (Span, error) {
	// Microseconds, as entries have: what happened a moment ago is in the window, and
	// the times in the answer are exactly those that were asked for.
	now = now.UTC().Truncate(time.Microsecond)
	start, absoluteStart, err := moment("start", w.Start, now, now.Add(-r.Back))
	if err != nil {
		return Span{}, err
	}
	end, absoluteEnd, err := moment("end", w.End, now, now)
	if err != nil {
		return Span{}, err
	}
	if end.After(now) {
		// What is still to come would be on the pages to come, and move what is on them.
		end, absoluteEnd = now, false
	}
	switch {
	case cursor != "" && !(absoluteStart && absoluteEnd):
		return Span{}, failure.Invalidf("repeat start and end of the answer that the cursor is from", "a cursor needs start and end as times, or the window would have moved")
	case !end.After(start):
		return Span{}, failure.Invalidf(sayTimes, "end (%s) is not after start (%s)", end.Format(time.RFC3339), start.Format(time.RFC3339))
	case start.Before(now.Add(-r.Kept - time.Hour)): // an hour for who turns the pages
		// The API would leave the beginning out and not say so: that looks as if
		// nothing had happened then. Before the length: shorter windows that far
		// back are refused too.
		return Span{}, failure.Invalidf("give a start of the last "+strconv.Itoa(int(r.Kept.Hours())/24)+" days; what is older is only where logs were streamed to",
			"these logs are kept for %d days, and start is before that", int(r.Kept.Hours())/24)
	case end.Sub(start) > r.Most:
		return Span{}, failure.Invalidf("ask for shorter windows one after another", "this is more than %d hours at once", int(r.Most.Hours()))
	}
	return Span{start.Format(time.RFC3339Nano), end.Format(time.RFC3339Nano)}, nil
}

// moment reads a time, the beginning or, as an end, the end of a day, or a duration back
// from now.
func moment(name, text string, now, absent time.Time) (at time.Time, absolute bool, err error) {
	switch text = strings.TrimSpace(text); {
	case text == "":
		return absent, false, nil
	case strings.EqualFold(text, "now"):
		return now, false, nil
	}
	at, err = time.Parse(time.RFC3339, text)
	if err != nil {
		if at, err = time.Parse(time.DateOnly, text); err == nil && name == "end" {
			at = at.Add(Day)
		}
	}
	if err == nil {
		// JSON, and the API, have no other years.
		if y := at.UTC().Year(); y < 1 || y > 9999 {
			return at, false, failure.Invalidf(sayTimes, "the year of %s is out of range", name)
		}
		return at.UTC(), true, nil
	}
	back, ok := duration(strings.TrimPrefix(text, "-"))
	if !ok {
		return at, false, failure.Invalidf(sayTimes, "%s is neither a time nor a duration", name)
	}
	return now.Add(-back), false, nil
}

// duration reads a length of time that may be in days. What is too long for any log is
// cut to what is still too long.
func duration(text string) (time.Duration, bool) {
	if strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") {
		return 0, false // what is still to come is in no log
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(min(n, 3650)) * Day, err == nil
	}
	d, err := time.ParseDuration(text)
	return d, err == nil
}

// Sortable writes a time at a fixed width, so that texts sort as times do: the API
// leaves out zeros at the end. What is no time stays as it is.
func Sortable(text string) string {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC().Format("2006-01-02T15:04:05.000000000")
	}
	return text
}
