// SPDX-License-Identifier: MIT

package policy

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tool/policy/past"
	"tailscale-mcp/internal/tsapi/period"
)

// theLast names the last change, whichever that is.
const theLast = "last"

// mostUndone bounds how many later changes go with one that is reverted: each is named
// in the question, and nobody reads more.
const mostUndone = 50

type revertInput struct {
	Change string `json:"change" jsonschema:"a change from policy_history, or last"`
	ETag   string `json:"etag,omitempty" jsonschema:"from policy_history; not needed for last"`
	tool.Confirmation
}

type revertOutput struct {
	changeOutput
	Undone []undone `json:"undone,omitempty" jsonschema:"the changes that are undone, the newest first; the last is the one that was named"`
}

type undone struct {
	Change string `json:"change" jsonschema:"names the change, as policy_history does"`
	By     string `json:"by" jsonschema:"who made it"`
	How    string `json:"how" jsonschema:"by what it was made"`
}

type reverter struct {
	changer
	now func() time.Time
}

func (r reverter) tool() tool.Tool {
	return tool.New(tool.Definition{
		Name: "revert_policy", Title: "Undo a change of the policy file", Group: group, Class: grant.Escalating,
		Weight:      16, // as policy_history
		Operations:  append([]string{"listConfigurationAuditLogs"}, changing...),
		Example:     json.RawMessage(`{"change":"2026-11-28T09:00:00.123456Z-1a2b3c4d","etag":"e0b2816b418b3f266309d94426ac7668"}`),
		Description: "Undoes a change of the tailnet policy file and every later one. Without confirm it saves nothing and shows these and the difference.",
	}, r.revert)
}

func (r reverter) revert(ctx context.Context, call tool.Call, in revertInput) (revertOutput, error) {
	if in.Change != theLast && strings.TrimSpace(in.ETag) == "" {
		return revertOutput{}, tool.Invalidf("call policy_history and give its etag", "the argument etag is empty")
	}
	window, err := r.since(in.Change)
	if err != nil {
		return revertOutput{}, err
	}
	all, err := past.Read(ctx, r.api, window)
	if err != nil {
		return revertOutput{}, shorter(err)
	}
	id := in.Change
	if id == theLast {
		newest := past.Made(all)
		if newest == nil {
			return revertOutput{}, tool.Invalidf("call policy_history with an earlier start, and name the change", "the log has no change of the last %d days", historyReach.Back/period.Day)
		}
		id = newest.ID
	}
	chain, err := from(all, id)
	if err != nil {
		return revertOutput{}, err
	}
	if _, err := parse(chain[0].Old.Text); err != nil {
		return revertOutput{}, tool.Invalidf("look at it with list_audit_logs (whole), and change the file itself with set_policy",
			"nothing was changed: what the log has as the file before the change %s is not a policy file that can be read", describe(chain[0]))
	}
	p, err := r.present(ctx, in.ETag, "call policy_history, see what was changed meanwhile, and call again with its etag if the change is still to be undone")
	if err != nil {
		return revertOutput{}, err
	}
	if made := chain[0].New; in.Change == theLast && !made.Same(past.File{Text: p.HuJSON}) {
		return revertOutput{}, tool.Invalidf("call again in a moment, or name the change that policy_history shows",
			"nothing was changed: which change is the last is not known, since the newest one in the log, %s, has not made the present file", describe(chain[0]))
	}
	to := proposal{text: chain[0].Old.Text, effect: effectOf(chain), notes: lacking(chain, p.HuJSON), made: true}
	out := revertOutput{}
	for i := len(chain) - 1; i >= 0; i-- {
		out.Undone = append(out.Undone, undone{chain[i].ID, fit(chain[i].Who, 1000), fit(chain[i].How, 1000)})
	}
	out.changeOutput, err = r.change(ctx, call, p, to, in.Confirmation)
	if err != nil {
		return revertOutput{}, err
	}
	if out.Difference == "" {
		out.Undone = nil // the file is like that already
	}
	return out, nil
}

// since is the time from a change until now.
func (r reverter) since(id string) (period.Span, error) {
	if id == theLast {
		return historyReach.Span(r.now(), period.Window{}, "")
	}
	at, err := past.TimeOf(id)
	if err != nil {
		return period.Span{}, unknown(id)
	}
	now := r.now()
	if now.Before(at) {
		now = at // the clock of this host is late
	}
	begin := at.Add(-time.Second).UTC().Format(time.RFC3339Nano)
	return period.ConfigurationLog.Span(now, period.Window{Start: begin}, "")
}

func unknown(id string) error {
	return tool.Invalidf("call policy_history, and give a change as it names them", "the log has no change %q", tool.Clip(id))
}

// from returns the change of that ID, which can be reverted, and those that were made
// after it.
func from(all []past.Change, id string) (chain []past.Change, err error) {
	for _, c := range all {
		switch {
		case c.ID == id && len(chain) > 0:
			return nil, tool.Invalidf("look at both with list_audit_logs, and write the file with set_policy", "the log has two changes %q", tool.Clip(id))
		case c.ID == id && c.Failed != "":
			return nil, tool.Invalidf("choose a change that was made", "there is nothing to undo: that change failed")
		case c.ID == id && c.Old.Text == "":
			return nil, tool.Invalidf("revert the change after it, or change the file itself with set_policy",
				"nothing was changed: the log has no file before the change %s, so it cannot be put back", describe(c))
		case (c.ID == id || len(chain) > 0) && c.Failed == "":
			chain = append(chain, c)
		}
	}
	if len(chain) == 0 {
		return nil, unknown(id)
	}
	if later := len(chain) - 1; later > mostUndone {
		return nil, tool.Invalidf("revert a newer change, or change the file itself with set_policy",
			"nothing was changed: %d later changes would be undone with that one, and more than %d are too many to be named and confirmed", later, mostUndone)
	}
	return chain, nil
}

// effectOf says what it does to put back the file of before the first of a chain of
// changes.
func effectOf(chain []past.Change) string {
	effect := "puts the tailnet policy file back to as it was before the change " + describe(chain[0])
	switch later := chain[1:]; len(later) {
	case 0:
	case 1:
		effect += ", and undoes with it the later change " + describe(later[0])
	default:
		var names []string
		for i := len(later) - 1; i >= 0; i-- {
			names = append(names, describe(later[i]))
		}
		effect += fmt.Sprintf(", and undoes with it %d later changes, those %s", len(later), strings.Join(names, ", "))
	}
	return effect
}

// lacking says what the log does not have of a chain of changes, in place of whose last
// the file of now is.
func lacking(chain []past.Change, now string) (notes []string) {
	for i := range chain[1:] {
		if chain[i+1].Unlogged(&chain[i]) {
			notes = append(notes, "the log lacks changes that were made between these, which are undone too")
			break
		}
	}
	if newest := chain[len(chain)-1].New; newest.Text != "" && !newest.Same(past.File{Text: now}) {
		notes = append(notes, "the present file is not the one that the newest change in the log has made: changes that the log does not have, or not yet, are undone too")
	}
	if chain[0].Old.Plain {
		notes = append(notes, "the log has that file without its comments")
	}
	return notes
}

// describe names a change in a sentence, behind "the change".
func describe(c past.Change) string {
	return fmt.Sprintf("of %s by %s (%s)", c.Time(), few([]string{c.Who}), tool.Clip(c.How))
}
