// SPDX-License-Identifier: MIT

package logs

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tool"
	"tailscale-mcp/internal/tsapi"
	"tailscale-mcp/internal/tsapi/period"
)

type auditInput struct {
	period.Window
	auditFilter
	Whole bool `json:"whole,omitempty" jsonschema:"all fields, nothing shortened"`
	tool.Paging
}

// auditFilter says which entries are wanted; of each list, one has to fit.
type auditFilter struct {
	Actor  []string `json:"actor,omitempty" jsonschema:"part of a login"`
	Target []string `json:"target,omitempty" jsonschema:"part of a name, or ACL"`
	Event  []string `json:"event,omitempty" jsonschema:"such as NODE.CREATE"`
}

type auditOutput struct {
	period.Span
	Entries    []tool.Object `json:"entries" jsonschema:"the entries, the oldest first; error is there when the change failed"`
	Note       string        `json:"note,omitempty" jsonschema:"how the entries were found, or why there are none"`
	Candidates *candidates   `json:"candidates,omitempty" jsonschema:"what the filters could have been in this window, when nothing fits them"`
	tool.Listed
}

// idForm is the form of the IDs of users and devices.
var idForm = regexp.MustCompile(`^[a-z][0-9A-Za-z]+(CNTRL|DEVEL)$`)

// eventForm is the form of an event. Only the API knows which events there are.
var eventForm = regexp.MustCompile(`^[A-Z0-9_]+(\.[A-Z0-9_]+)+$`)

// clean refuses filters that the API refuses without saying which, and writes the others
// as the API takes them.
func (f *auditFilter) clean() error {
	for name, values := range map[string][]string{"actor": f.Actor, "target": f.Target, "event": f.Event} {
		if slices.ContainsFunc(values, func(value string) bool { return strings.Trim(value, "~ \t\r\n") == "" }) {
			return tool.Invalidf("leave it out to see everything", "%s has an empty text in it", name)
		}
	}
	for i, actor := range f.Actor {
		if actor = strings.TrimSpace(actor); !strings.HasPrefix(actor, "~") && !idForm.MatchString(actor) {
			actor = "~" + actor // or the API takes it for an ID
		}
		f.Actor[i] = actor
	}
	for _, event := range f.Event {
		if !eventForm.MatchString(event) {
			return tool.Invalidf("give type, action and perhaps property in capitals, such as NODE.CREATE; absent shows every event", "%.80q is no event", event)
		}
	}
	return nil
}

func (l *logs) audit() tool.Tool {
	return tool.New(tool.Definition{
		Name:        "list_audit_logs",
		Weight:      16, // the API sends the whole window
		Title:       "List the configuration audit log",
		Group:       group,
		Operations:  []string{"listConfigurationAuditLogs"},
		Class:       grant.Read,
		Example:     json.RawMessage(`{"start":"7d","actor":["alice"],"event":["NODE.CREATE"]}`),
		Description: "Lists who changed what in the tailnet (of the policy file: policy_history), oldest first; by default in the last 24 hours.",
		Narrow:      "ask for a shorter window, filter by actor, target or event, set a lower limit or leave whole out",
	}, l.listAudit)
}

func (l *logs) listAudit(ctx context.Context, call tool.Call, in auditInput) (auditOutput, error) {
	when, err := period.ConfigurationLog.Span(l.now(), in.Window, in.Cursor)
	if err != nil {
		return auditOutput{}, err
	}
	if err := in.clean(); err != nil {
		return auditOutput{}, err
	}
	out := auditOutput{Span: when}
	var found []tsapi.Object
	if found, out.Note, out.Candidates, err = l.findAudit(ctx, when, in.auditFilter); err != nil {
		return auditOutput{}, err
	}
	scope := []any{"list_audit_logs", when, in.Actor, in.Target, in.Event}
	var objects []tsapi.Object
	if objects, out.Listed, err = page(call, in.Paging, scope, keyed(found, "eventTime", "eventGroupID")); err != nil {
		return auditOutput{}, err
	}
	out.Entries = make([]tool.Object, len(objects))
	for i, o := range objects {
		out.Entries[i] = shownEntry(o, in.Whole)
	}
	return out, nil
}
