// SPDX-License-Identifier: MIT

// Package logs has the tools about audit logs, flow logs and where they are
// streamed (https://tailscale.com/api#tag/logging). It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package logs

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"tailscale-mcp/internal/tailnet"
	"tailscale-mcp/internal/tool"
)

const group = "logs"

// Tools returns the group.
func Tools(api *tailnet.API) tool.Set {
	l := &logs{api, time.Now}
	return tool.Set{Tools: []tool.Tool{
		l.audit(), l.flows(), l.stream(), l.setStream(), l.removeStream(), l.createExternalID(), l.validateExternalID(),
	}}
}

type logs struct {
	api *tailnet.API
	now func() time.Time
}

// window is what the tools that read logs take; their input structs embed it.
type window struct {
	Start string `json:"start,omitempty" jsonschema:"from when: a time such as 2026-01-31T08:00:00Z, or how far back from now, such as 24h or 7d"`
	End   string `json:"end,omitempty" jsonschema:"until when, in the same forms; absent is now"`
}

// span is a window in absolute times, as the API takes them and answers have them.
type span struct {
	Start string `json:"start" jsonschema:"the beginning of what was read"`
	End   string `json:"end" jsonschema:"the end of what was read"`
}

const sayTimes = "give start and end as times such as 2026-01-31T08:00:00Z, or as durations back from now, such as 24h or 7d"

// reach is what a log can be asked for: a window of back when nothing is said, no
// longer one than most, and nothing that is older than kept.
type reach struct{ back, most, kept time.Duration }

// span makes the times absolute. The next page is of the same window only when the
// window does not move with the clock, so a cursor needs times.
func (l *logs) span(w window, cursor string, r reach) (span, error) {
	// Whole seconds: the times in the answer are exactly those that were asked for.
	now := l.now().UTC().Truncate(time.Second)
	start, absoluteStart, err := moment("start", w.Start, now, now.Add(-r.back))
	if err != nil {
		return span{}, err
	}
	end, absoluteEnd, err := moment("end", w.End, now, now)
	if err != nil {
		return span{}, err
	}
	switch {
	case cursor != "" && !(absoluteStart && absoluteEnd):
		return span{}, tool.Invalidf("repeat start and end of the answer that the cursor is from", "a cursor needs start and end as times, or the window would have moved")
	case !end.After(start):
		return span{}, tool.Invalidf(sayTimes, "end (%s) is not after start (%s)", end.Format(time.RFC3339), start.Format(time.RFC3339))
	case start.Before(now.Add(-r.kept - time.Hour)): // an hour for who turns the pages
		// The API would leave the beginning out and not say so: that looks as if
		// nothing had happened then. Before the length: shorter windows that far
		// back are refused too.
		return span{}, tool.Invalidf("give a start of the last "+strconv.Itoa(int(r.kept.Hours())/24)+" days; what is older is only where logs were streamed to",
			"these logs are kept for %d days, and start is before that", int(r.kept.Hours())/24)
	case end.Sub(start) > r.most:
		return span{}, tool.Invalidf("ask for shorter windows one after another", "this is more than %d hours at once", int(r.most.Hours()))
	}
	return span{start.Format(time.RFC3339Nano), end.Format(time.RFC3339Nano)}, nil
}

// narrowed says what helps when the answer of the API itself is too large: only
// what the API looks at, and that is not how much of it is shown.
func narrowed(err error, next string) error { return instead(err, tailnet.CodeResultTooLarge, next) }

// instead is err with another next step when it has that code.
func instead(err error, code tailnet.Code, next string) error {
	var e *tailnet.Error
	if !errors.As(err, &e) || e.Code != code {
		return err
	}
	told := *e
	told.Next = next
	return &told
}

// moment reads a time, or a duration back from now.
func moment(name, text string, now, absent time.Time) (at time.Time, absolute bool, err error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return absent, false, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		// JSON, and the API, have no other years.
		if y := at.UTC().Year(); y < 1 || y > 9999 {
			return at, false, tool.Invalidf(sayTimes, "the year of %s is out of range", name)
		}
		return at.UTC(), true, nil
	}
	back, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var n int
		if n, err = strconv.Atoi(days); err == nil && n > 3650 {
			n = 3650
		}
		back = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || back < 0 {
		return at, false, tool.Invalidf(sayTimes, "%s is neither a time nor a duration", name)
	}
	return now.Add(-back), false, nil
}

// entry is one of a log, with what it is paged by.
type entry struct {
	object tailnet.Object
	key    string
}

// keyed gives entries keys in the order of time. Entries that share time and name
// are told apart by their place among each other, which lasts: logs only grow.
func keyed(objects []tailnet.Object, timeField string, more ...string) []entry {
	seen := map[string]int{}
	entries := make([]entry, len(objects))
	for i, o := range objects {
		key := sortable(o.Text(timeField))
		for _, name := range more {
			key += " " + o.Text(name)
		}
		seen[key]++
		entries[i] = entry{o, key + " " + strconv.Itoa(1_000_000+seen[key])}
	}
	return entries
}

// sortable writes a time at a fixed width: the API leaves out zeros at the end.
func sortable(text string) string {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC().Format("2006-01-02T15:04:05.000000000")
	}
	return text
}

// page is one page of a log in the order of time.
func page(call tool.Call, p tool.Paging, scope any, entries []entry) ([]tailnet.Object, tool.Listed, error) {
	shown, listed, err := tool.Page(call, p, scope, entries, func(e entry) string { return e.key })
	objects := make([]tailnet.Object, len(shown))
	for i, e := range shown {
		objects[i] = e.object
	}
	return objects, listed, err
}

func (l *logs) getStream(ctx context.Context, logType string) (tailnet.Object, error) {
	o, err := l.api.Object(ctx, tailnet.Request{Op: "getLogStreamingConfiguration", Params: []string{logType}})
	return o, instead(err, tailnet.CodeNotFound, "check the scopes of the API credential: with log_streaming:read among them, these logs are streamed nowhere")
}

// present is the stream there is, if any. The API says 404 for none, and also for
// some refusals: then the call after it says so again.
func (l *logs) present(ctx context.Context, logType string) (o tailnet.Object, there bool, err error) {
	o, err = l.getStream(ctx, logType)
	if tailnet.CodeOf(err) == tailnet.CodeNotFound {
		return tailnet.Object{}, false, nil
	}
	return o, err == nil, err
}
