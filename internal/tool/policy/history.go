// SPDX-License-Identifier: MIT

package policy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/policy/past"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/period"
)

// mostOfHistory bounds the changes of one answer, in bytes as they are sent; the gate
// refuses an answer that is half as long again.
const mostOfHistory = 64 << 10

// historyReach: a month is what people remember; see [period.ConfigurationLog] for the rest.
var historyReach = period.Reach{Back: 30 * period.Day, Most: period.ConfigurationLog.Most, Kept: period.ConfigurationLog.Kept}

type historyInput struct {
	period.Window
	Containing string `json:"containing,omitempty" jsonschema:"in a changed line, such as group:ops"`
	Limit      int    `json:"limit,omitempty" jsonschema:"how many at most" min:"1" max:"100" default:"10"`
}

type historyOutput struct {
	period.Span
	Changes []shownChange `json:"changes" jsonschema:"the changes of the policy file, the newest first"`
	Older   *period.Span  `json:"older,omitempty" jsonschema:"there are older changes in the window: call again with these as start and end; absent when that was all"`
	ETag    string        `json:"etag,omitempty" jsonschema:"names the file as it is now; revert_policy wants it"`
	Note    string        `json:"note,omitempty" jsonschema:"what is to know about this answer"`
}

type history struct {
	api API
	now func() time.Time
}

func (h history) tool() tool.Tool {
	return tool.New(tool.Definition{
		Name: "policy_history", Title: "Show changes of the policy file", Group: group, Class: grant.Read,
		Weight:      16, // the API sends the whole window, with two files for each change
		Operations:  []string{"listConfigurationAuditLogs", "getPolicyFile"},
		Example:     json.RawMessage(`{"start":"7d"}`),
		Description: "Shows changes of the tailnet policy file, the newest first: when, by whom, which lines; of 30 days if not said.",
		Narrow:      "ask for a shorter window or set a lower limit",
	}, h.show)
}

func (h history) show(ctx context.Context, _ tool.Call, in historyInput) (historyOutput, error) {
	when, err := historyReach.Span(h.now(), in.Window, "")
	if err != nil {
		return historyOutput{}, err
	}
	ctx = tsapi.Fresh(ctx) // its etag is what a change is based on
	all, err := past.Read(ctx, h.api, when)
	if err != nil {
		return historyOutput{}, shorter(err)
	}
	p, err := h.api.Policy(ctx)
	if err != nil {
		return historyOutput{}, err
	}
	out := historyOutput{Span: when, Changes: []shownChange{}, ETag: p.ETag}
	if strings.TrimSpace(in.End) == "" {
		out.Note = astray(all, p.HuJSON)
	}
	limit, size := cmp.Or(in.Limit, 10), 0
	var last time.Time // of the change that was shown last
	for i := len(all) - 1; i >= 0; i-- {
		if err := ctx.Err(); err != nil {
			return historyOutput{}, err
		}
		c, touched := showChange(all[i], past.Made(all[:i]), in.Containing)
		if !touched {
			continue
		}
		if n := len(out.Changes); n > 0 && (n >= limit || size+sent(c) > mostOfHistory) {
			// A page does not end between two changes of one time: the next begins by time.
			if !all[i].At.Equal(last) {
				// Whether or not the API counts the end in, that change is within.
				end := all[i].At.Add(time.Microsecond).UTC().Format(time.RFC3339Nano)
				out.Older = &period.Span{Start: when.Start, End: end}
				break
			}
			c.Difference, c.Note = "", "more was changed at this time than is shown at once; list_audit_logs with whole shows the files"
		}
		size, last = size+sent(c), all[i].At
		out.Changes = append(out.Changes, c)
	}
	return out, nil
}

// shorter gives the next step when the log is too much at once.
func shorter(err error) error {
	var e *tsapi.Error
	if !errors.As(err, &e) || e.Code != failure.ResultTooLarge {
		return err
	}
	told := *e
	told.Next = "ask policy_history for shorter windows, one after another: the log has two whole files for each change; what cannot be reverted so is changed with set_policy"
	return &told
}

// astray says how the file of now and the newest change in the log disagree; empty
// where they do not.
func astray(all []past.Change, now string) string {
	switch last := past.Made(all); {
	case last == nil:
		return "the log has no change in this window; it is kept for 90 days, and what is older is only where logs were streamed to"
	case last.New.Text != "" && !last.New.Same(past.File{Text: now}):
		return "the present file is not the one that the newest change in the log has made: a change is missing there, or has not arrived yet; call again in a moment"
	}
	return ""
}
