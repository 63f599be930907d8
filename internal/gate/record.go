// SPDX-License-Identifier: MIT

package gate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
)

// Refused records a request that was refused before there was a tool, a resource or
// a prompt to decide about.
func (d *Dispatcher) Refused(ctx context.Context, c caller.Caller, r Request, reason string) {
	if err := d.write(ctx, d.record(c, r, "", grant.Decision{}, bounded(reason))); err != nil {
		d.log.Error("audit record lost", "err", err)
	}
}

// Listed records that a caller was shown shown of all things of a kind.
func (d *Dispatcher) Listed(ctx context.Context, c caller.Caller, r Request, shown, all int) {
	rec := d.record(c, r, grant.Read, grant.Decision{Allowed: true, By: "listing is filtered by grant"}, "")
	rec.Reason = fmt.Sprintf("%d of %d", shown, all)
	if err := d.write(ctx, rec); err != nil {
		d.log.Error("audit record lost", "err", err)
	}
}

// confirming returns what records that a change was confirmed, before its effect.
func (d *Dispatcher) confirming(ctx context.Context, c caller.Caller, r Request, j job) func() error {
	return func() error {
		rec := d.record(c, r, j.class, j.decision, "")
		rec.ClassFrom = j.classFrom
		rec.Event, rec.Target = audit.Confirmation, *j.target
		if err := d.write(ctx, rec); err != nil {
			d.log.Error("audit record lost", "err", err, "request", r.ID)
			return unrecorded(err)
		}
		return nil
	}
}

// write writes a record, which is owed even when the caller has gone.
func (d *Dispatcher) write(ctx context.Context, r audit.Record) error {
	return d.audit.Write(context.WithoutCancel(ctx), r)
}

// finish records an outcome. What has happened has happened: a record that is
// lost here is an error in the log, not a different answer.
func (d *Dispatcher) finish(ctx context.Context, outcome audit.Record) {
	outcome.Time = time.Now()
	if err := d.write(ctx, outcome); err != nil {
		d.log.Error("audit record of an outcome lost", "err", err, "request", outcome.RequestID)
	}
}

func (d *Dispatcher) record(c caller.Caller, r Request, class grant.Class, decision grant.Decision, reason string) audit.Record {
	return audit.Record{
		Time: time.Now(), Event: audit.Decision, RequestID: r.ID,
		Login: c.Login, Tags: c.Tags, Node: c.Node, NodeID: c.NodeID, Addr: c.Addr,
		Claimed: bounded(r.Claimed), ClientName: bounded(r.ClientName), ClientVersion: bounded(r.ClientVersion),
		Method: bounded(r.Method), Server: d.server, Name: bounded(d.selector(r.Name)), Class: string(class), Arguments: d.digest(r.Arguments),
		Allowed: decision.Allowed, By: decision.By, Reason: reason,
	}
}

// bounded is client text as a record takes it: valid and not too long. Writing
// it so that it cannot pass for another field or record is up to package audit.
func bounded(text string) string { return boundedTo(512, text) }

func boundedTo(most int, text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
