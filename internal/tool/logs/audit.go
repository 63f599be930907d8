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

// auditKind shows old and new only when they are asked for: they may be whole policies.
var auditKind = tool.Kind{
	Listed:     []string{"eventTime", "actor", "action", "target", "error"},
	Documented: []string{"type", "deferredAt", "eventGroupID", "origin", "old", "new", "actionDetails"},
}

type auditInput struct {
	period.Window
	Actor  []string `json:"actor,omitempty" jsonschema:"only what one of these did: IDs of users or devices, or ~text to search login and display names, such as ~alice"`
	Target []string `json:"target,omitempty" jsonschema:"only what was done to a target that has one of these texts in it, such as web-1"`
	Event  []string `json:"event,omitempty" jsonschema:"only these events: type, action and perhaps property, such as NODE.CREATE, TAILNET.UPDATE.ACL or USER.UPDATE.USER_ROLE"`
	tool.Paging
	tool.Selection
}

type auditOutput struct {
	period.Span
	Entries []tool.Object `json:"entries" jsonschema:"the entries, the oldest first; error is there when the change failed"`
	tool.Listed
}

// eventForm is the form of an event. Only the API knows which events there are.
var eventForm = regexp.MustCompile(`^[A-Z0-9_]+(\.[A-Z0-9_]+)+$`)

// check refuses filters that nothing fits, or that the API refuses without saying which.
func (in auditInput) check() error {
	for _, actor := range in.Actor {
		if actor = strings.TrimSpace(actor); strings.Contains(actor, "@") && !strings.HasPrefix(actor, "~") {
			// The API compares it with IDs: it would seem that nothing was done.
			return tool.Invalidf("write ~ in front to search login and display names, or give the ID of the user", "the actor %.80q is a name and no ID", actor)
		}
	}
	for _, event := range in.Event {
		if strings.Trim(event, "~ \t\r\n") != "" && !eventForm.MatchString(event) {
			return tool.Invalidf("give type, action and perhaps property in capitals, such as NODE.CREATE; absent shows every event", "%.80q is no event", event)
		}
	}
	return nil
}

func (l *logs) audit() tool.Tool {
	return tool.New(tool.Definition{
		Name:       "list_audit_logs",
		Weight:     16, // the API sends the whole window
		Title:      "List the configuration audit log",
		Group:      group,
		Operations: []string{"listConfigurationAuditLogs"},
		Class:      grant.Read,
		Example:    json.RawMessage(`{"start":"7d","actor":["~alice"],"event":["NODE.CREATE"]}`),
		Description: "Lists who changed what in the configuration of the tailnet, the oldest first: eventTime, actor, action, target and error. " +
			"The window is the last 24 hours unless start (and end) say otherwise; entries are kept for 90 days. Filter by actor, target and event rather than reading all. " +
			"With fields [\"all\"], or old and new among the fields, it shows the values before and after, which can be long and confidential, such as a whole policy file; policy_history shows what was changed in that. " +
			"The answer has start and end as absolute times: the next page needs the cursor together with exactly these as start and end, and the same filters. " +
			"Who connected where is not in it: use list_flow_logs. One call to the Tailscale API, which sends the whole window.",
		Narrow: "ask for a shorter window, filter by actor, target or event, set a lower limit or ask for fewer fields",
	}, func(ctx context.Context, call tool.Call, in auditInput) (auditOutput, error) {
		when, err := period.ConfigurationLog.Span(l.now(), in.Window, in.Cursor)
		if err != nil {
			return auditOutput{}, err
		}
		if err := in.check(); err != nil {
			return auditOutput{}, err
		}
		for name, values := range map[string][]string{"actor": in.Actor, "target": in.Target, "event": in.Event} {
			if slices.ContainsFunc(values, func(value string) bool { return strings.Trim(value, "~ \t\r\n") == "" }) {
				return auditOutput{}, tool.Invalidf("leave it out to see everything", "%s has an empty text in it", name)
			}
		}
		found, err := l.api.ConfigurationLog(ctx, tsapi.ConfigurationLog{Start: when.Start, End: when.End, Actor: in.Actor, Target: in.Target, Event: in.Event})
		if err != nil {
			return auditOutput{}, err
		}
		scope := []any{"list_audit_logs", when, in.Actor, in.Target, in.Event}
		objects, listed, err := page(call, in.Paging, scope, keyed(found, "eventTime", "eventGroupID"))
		if err != nil {
			return auditOutput{}, err
		}
		shown, err := auditKind.All(in.Fields, objects)
		return auditOutput{when, shown, listed}, err
	})
}
