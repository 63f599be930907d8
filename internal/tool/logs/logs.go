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

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
)

const group = "logs"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	Object(ctx context.Context, r tsapi.Request) (tsapi.Object, error)
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
	Do(ctx context.Context, r tsapi.Request) error
}

// Tools returns the group.
func Tools(api API) tool.Set {
	l := &logs{api, time.Now}
	return tool.Set{Tools: []tool.Tool{
		l.audit(), l.flows(), l.stream(), l.setStream(), l.removeStream(), l.createExternalID(), l.validateExternalID(),
	}}
}

type logs struct {
	api API
	now func() time.Time
}

// window is the arguments of the tools that read logs; their input structs embed it.
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

// reach bounds the window of a log: by default it begins back ago, it is no longer
// than most, and nothing is kept for longer than kept.
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

// narrowed gives the next step when the answer of the API itself is too large: only
// arguments that the API sees make it smaller.
func narrowed(err error, next string) error { return instead(err, failure.ResultTooLarge, next) }

// instead returns err with another next step if it has that code.
func instead(err error, code failure.Code, next string) error {
	var e *tsapi.Error
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

// entry is one entry of a log, with the key that it is paged by.
type entry struct {
	object tsapi.Object
	key    string
}

// keyed gives entries keys in the order of time. Entries that share time and name
// are told apart by their place among each other, which lasts: logs only grow.
func keyed(objects []tsapi.Object, timeField string, more ...string) []entry {
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
func page(call tool.Call, p tool.Paging, scope any, entries []entry) ([]tsapi.Object, tool.Listed, error) {
	shown, listed, err := tool.Page(call, p, scope, entries, func(e entry) string { return e.key })
	objects := make([]tsapi.Object, len(shown))
	for i, e := range shown {
		objects[i] = e.object
	}
	return objects, listed, err
}

func (l *logs) getStream(ctx context.Context, logType string) (tsapi.Object, error) {
	o, err := l.api.Object(ctx, tsapi.Request{Op: "getLogStreamingConfiguration", Params: []string{logType}})
	return o, instead(err, failure.NotFound, "check the scopes of the API credential: with log_streaming:read among them, these logs are streamed nowhere")
}

// present reads the configured stream, and reports whether there is one. The API
// answers 404 for none, and also for some refusals: then the next call is refused again.
func (l *logs) present(ctx context.Context, logType string) (o tsapi.Object, there bool, err error) {
	o, err = l.getStream(ctx, logType)
	if failure.CodeOf(err) == failure.NotFound {
		return tsapi.Object{}, false, nil
	}
	return o, err == nil, err
}
