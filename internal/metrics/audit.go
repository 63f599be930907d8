// SPDX-License-Identifier: MIT

package metrics

import (
	"context"

	"tailscale-mcp/internal/audit"
)

// Offered are the names of what this host offers: the only ones that a label
// ever holds. Resources are URIs and templates.
type Offered struct {
	Tools, Resources, Prompts []string
	// Server reports whether a server behind this one is served now, and has that tool if
	// one is named. Nil knows none.
	Server func(server, tool string) bool
}

func (m *Metrics) defineAudit() {
	m.decisions = m.counter("decisions_total",
		"Decisions whether a caller may use something: the method, the tool, resource, template or prompt, and what was decided. "+
			"Requests refused before anything was named, or for a name that is not offered, are among them.",
		"method", "name", "decision")
	m.outcomes = m.counter("outcomes_total",
		"Allowed requests that have ended: the method, the tool, resource, template or prompt, and the code of the error, or ok.",
		"method", "name", "code")
	m.outcomeTook = m.histogram("outcome_duration_seconds",
		"How long allowed requests took from the decision to their end: the method, and the tool, resource, template or prompt.",
		[]float64{0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60}, "method", "name")
	m.records = m.counter("audit_records_total",
		"Audit records that were taken: those of changes are on disk, those of reads and refusals (each, before they are folded) on the way there.", "event")
	m.recordsLost = m.counter("audit_records_lost_total",
		"Audit records that could not be written, at once or on the way. A change whose record is lost is not made.", "event")
	m.journalLost = m.counter("audit_journal_lost_total",
		"Audit records that the journal, or standard output, did not take. They are in the audit file, where there is one.", "event")
	for _, event := range []audit.Event{audit.Decision, audit.Confirmation, audit.Outcome} {
		m.records.WithLabelValues(string(event))
		m.recordsLost.WithLabelValues(string(event))
		m.journalLost.WithLabelValues(string(event))
	}
}

// Audit returns a log that hands every record to next and counts it, by what is
// offered. The error of next is returned as it is.
func (m *Metrics) Audit(next audit.Log, o Offered) audit.Log {
	return &log{m: m, next: next, methods: methods(o), server: o.Server}
}

// AuditLost counts a record that was taken and then not written.
func (m *Metrics) AuditLost(e audit.Event) { m.recordsLost.WithLabelValues(eventLabel(e)).Inc() }

// JournalLost counts a record that did not reach the journal.
func (m *Metrics) JournalLost(e audit.Event) { m.journalLost.WithLabelValues(eventLabel(e)).Inc() }

func eventLabel(e audit.Event) string {
	switch e {
	case audit.Outcome, audit.Confirmation, audit.Withheld:
		return string(e)
	}
	return string(audit.Decision)
}

type log struct {
	m       *Metrics
	next    audit.Log
	methods map[string]names
	server  func(server, tool string) bool
}

// Write implements [audit.Log].
func (l *log) Write(ctx context.Context, r audit.Record) error {
	err := l.next.Write(ctx, r)
	method, name := l.labels(r)
	event := eventLabel(r.Event)
	switch {
	case r.Server != "":
		l.m.server(r, l.server)
	case r.Event == audit.Confirmation: // of a decision that was counted
	case r.Event == audit.Outcome:
		code := r.Code
		if code == "" {
			code = "ok"
		}
		l.m.outcomes.WithLabelValues(method, name, l.m.codes.value(code)).Inc()
		l.m.outcomeTook.WithLabelValues(method, name).Observe(r.Duration.Seconds())
	default:
		decision := "refused"
		if r.Allowed {
			decision = "allowed"
		}
		l.m.decisions.WithLabelValues(method, name, decision).Inc()
	}
	if err != nil {
		l.m.recordsLost.WithLabelValues(event).Inc()
	} else {
		l.m.records.WithLabelValues(event).Inc()
	}
	return err
}
