// SPDX-License-Identifier: MIT

package fakeapi

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

const logsPath = "/tailnet/{tailnet}/logging/"

var logsRoutes = []route{
	{"listConfigurationAuditLogs", "GET", logsPath + "configuration", []string{"logs:configuration:read"}, []string{"start", "end", "actor", "target", "event"}, (*Server).listAuditLogs},
	{"listNetworkFlowLogs", "GET", logsPath + "network", []string{"logs:network:read"}, []string{"start", "end"}, (*Server).listFlowLogs},
	{"getLogStreamingStatus", "GET", logsPath + "{logType}/stream/status", []string{"log_streaming:read"}, nil, (*Server).getStreamStatus},
	{"getLogStreamingConfiguration", "GET", logsPath + "{logType}/stream", []string{"log_streaming:read"}, nil, (*Server).getStream},
	{"setLogStreamingConfiguration", "PUT", logsPath + "{logType}/stream", []string{"log_streaming"}, nil, (*Server).setStream},
	{"disableLogStreaming", "DELETE", logsPath + "{logType}/stream", []string{"log_streaming"}, nil, (*Server).deleteStream},
	{"getAwsExternalId", "POST", "/tailnet/{tailnet}/aws-external-id", []string{"log_streaming"}, nil, (*Server).makeExternalID},
	{"validateAwsExternalId", "POST", "/tailnet/{tailnet}/aws-external-id/{id}/validate-aws-trust-policy", []string{"log_streaming"}, nil, (*Server).validateExternalID},
}

// logsKept is how long entries of both kinds are there.
const logsKept = 30 * 24 * time.Hour

// window is the time that a request asks for, cut to what is kept.
func (s *Server) window(r *request) (start, end time.Time, ok bool) {
	start, err := time.Parse(time.RFC3339, r.query.Get("start"))
	if err != nil {
		return start, end, false
	}
	if end, err = time.Parse(time.RFC3339, r.query.Get("end")); err != nil || end.Before(start) {
		return start, end, false
	}
	now := s.now()
	if s.logs.last.After(now) {
		now = s.logs.last // a clock that stands still
	}
	if kept := now.Add(-logsKept); start.Before(kept) {
		start = kept
	}
	if end.After(now) {
		end = now
	}
	return start, end, true
}

// moments are the multiples of every within a window, each with its number. What
// an entry says follows from the number alone, so it is the same in every answer.
func moments(start, end time.Time, every time.Duration, visit func(n int64, at time.Time)) {
	for n := start.UnixNano() / int64(every); ; n++ {
		at := time.Unix(0, n*int64(every)).UTC()
		if at.After(end) {
			return
		}
		if !at.Before(start) {
			visit(n, at)
		}
	}
}

const micro = "2006-01-02T15:04:05.000000Z"

type auditEntry struct {
	Action        string         `json:"action"`
	Actor         map[string]any `json:"actor"`
	DeferredAt    string         `json:"deferredAt"`
	EventGroupID  string         `json:"eventGroupID"`
	EventTime     string         `json:"eventTime"`
	Origin        string         `json:"origin"`
	Target        map[string]any `json:"target"`
	Old           any            `json:"old,omitempty"`
	New           any            `json:"new,omitempty"`
	ActionDetails string         `json:"actionDetails,omitempty"`
	Error         string         `json:"error,omitempty"`
	Type          string         `json:"type"`
}

func auditEntryOf(n int64, at time.Time) auditEntry {
	alice := map[string]any{"id": "uZKk3KSfrH11DEVEL", "type": "USER", "loginName": "alice@example.com", "displayName": "Alice Example"}
	bob := map[string]any{"id": "uBob2CNTRL", "type": "USER", "loginName": "bob@example.com", "displayName": "Bob Example"}
	node := map[string]any{"id": "nBLYviWLGB21DEVEL", "type": "NODE", "displayName": "build-runner", "tags": []string{"tag:ci"}}
	runner := func(more string, value any) map[string]any {
		return map[string]any{"id": "nBLYviWLGB21DEVEL", "name": "build-runner.tailfe8c.ts.net", "type": "NODE", more: value}
	}
	sum := sha256.Sum256(fmt.Append(nil, "audit", n))
	e := auditEntry{DeferredAt: "0001-01-01T00:00:00Z", EventGroupID: fmt.Sprintf("%x", sum[:16]), EventTime: at.Format(micro), Origin: "ADMIN_CONSOLE", Type: "CONFIG"}
	switch n % 5 {
	case 0:
		e.Action, e.Actor, e.Target = "CREATE", alice, runner("isEphemeral", true)
	case 1:
		e.Action, e.Actor, e.Target, e.Origin = "UPDATE", alice, runner("property", "ALLOWED_IPS"), "CONFIG_API"
		e.Old, e.New, e.ActionDetails = []string{"10.0.0.0/16"}, []string{"10.0.0.0/16", "192.168.1.0/24"}, "ticket OPS-7"
	case 2:
		e.Action, e.Actor, e.Target = "UPDATE", bob, map[string]any{"id": "example.com", "name": "example.com", "type": "TAILNET", "property": "ACL"}
		e.Old, e.New = "// old policy\n{}", "// new policy\n{}"
	case 3:
		e.Action, e.Actor, e.Target = "LOGIN", bob, map[string]any{"id": "admin", "name": "admin console", "type": "ADMIN_CONSOLE"}
		e.Error = "the login was refused"
	case 4:
		e.Action, e.Actor, e.Target, e.Origin = "DELETE", node, runner("isEphemeral", true), "NODE"
	}
	return e
}

func (e auditEntry) event() string {
	event := fmt.Sprint(e.Target["type"], ".", e.Action)
	if property, ok := e.Target["property"]; ok {
		event += fmt.Sprint(".", property)
	}
	return event
}

// matches reports whether a list of filters is empty or one of them fits.
func matches(filters []string, fits func(string) bool) bool {
	return len(filters) == 0 || slices.ContainsFunc(filters, fits)
}

func (e auditEntry) by(filter string) bool {
	text, search := strings.CutPrefix(filter, "~")
	if !search {
		return e.Actor["id"] == filter
	}
	names := strings.ToLower(fmt.Sprint(e.Actor["loginName"], " ", e.Actor["displayName"]))
	return strings.Contains(names, strings.ToLower(text))
}

func (e auditEntry) touches(filter string) bool {
	return strings.Contains(fmt.Sprint(e.Target["id"], " ", e.Target["name"]), filter)
}

// eventForm is that of the documented events, of which the document has new ones
// every few months.
var eventForm = regexp.MustCompile(`^[A-Z_]+(\.[A-Z_]+){1,2}$`)

func (s *Server) listAuditLogs(r *request) answer {
	start, end, ok := s.window(r)
	if !ok || slices.ContainsFunc(r.query["event"], func(e string) bool { return !eventForm.MatchString(e) }) {
		return fail(http.StatusBadRequest)
	}
	all := s.doneWithin(start, end)
	if !s.options.QuietLog {
		all = append(all, usualWithin(start, end)...)
	}
	slices.SortStableFunc(all, func(a, b auditEntry) int { return strings.Compare(a.EventTime, b.EventTime) })
	found := []auditEntry{}
	for _, e := range all {
		if matches(r.query["actor"], e.by) && matches(r.query["target"], e.touches) && matches(r.query["event"], func(f string) bool { return e.event() == f }) {
			found = append(found, e)
		}
	}
	return jsonAnswer(map[string]any{"version": "1.1", "tailnet": s.options.Organization, "logs": found})
}

// usualWithin are the entries of what happens in a tailnet every three hours.
func usualWithin(start, end time.Time) (found []auditEntry) {
	moments(start, end, 3*time.Hour, func(n int64, at time.Time) {
		e := auditEntryOf(n, at)
		found = append(found, e)
		if n%5 == 1 { // one operation with two events at the same time
			e.Target = map[string]any{"id": "nBLYviWLGB21DEVEL", "name": "build-runner.tailfe8c.ts.net", "type": "NODE", "property": "AUTO_APPROVED_ROUTES"}
			found = append(found, e)
		}
	})
	return found
}
