// SPDX-License-Identifier: MIT

// Package logs has the tools that read audit logs and flow logs
// (https://tailscale.com/api#tag/logging). It imports tool, grant and
// tailnet; errors of the API pass through with their codes.
package logs

import (
	"context"
	"errors"
	"strconv"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/devices/lookup"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/period"
)

const group = "logs"

// API is what these tools ask of the Tailscale API; *tsapi.API is one.
type API interface {
	lookup.API
	List(ctx context.Context, r tsapi.Request, field string) ([]tsapi.Object, error)
	ConfigurationLog(ctx context.Context, wanted tsapi.ConfigurationLog) ([]tsapi.Object, error)
}

// Tools returns the group.
func Tools(api API) tool.Set {
	l := &logs{api, time.Now}
	return tool.Set{Tools: []tool.Tool{
		l.audit(), l.flows(),
	}}
}

type logs struct {
	api API
	now func() time.Time
}

// narrowed gives the next step when the answer of the API itself is too large: only
// arguments that the API sees make it smaller.
func narrowed(err error, next string) error {
	var e *tsapi.Error
	if !errors.As(err, &e) || e.Code != failure.ResultTooLarge {
		return err
	}
	told := *e
	told.Next = next
	return &told
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
		key := period.Sortable(o.Text(timeField))
		for _, name := range more {
			key += " " + o.Text(name)
		}
		seen[key]++
		entries[i] = entry{o, key + " " + strconv.Itoa(1_000_000+seen[key])}
	}
	return entries
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
