// SPDX-License-Identifier: MIT

package audit

import (
	"context"
	"errors"
)

// Trail is the log of the program: a file, which decides whether a change may
// happen, and beside it the journal or JSON lines, which get the same records and
// decide nothing. Refusals of one caller are folded for both.
type Trail struct {
	file *File // nil: no change is possible
	also *Queue
	fold *fold
}

// errNoFile is the answer to the record of a change where there is no file.
var errNoFile = errors.New("no audit file is set: TAILSCALE_MCP_AUDIT_FILE")

// NewTrail returns a log that writes to file, which may be nil, and to also.
func NewTrail(file *File, also *Queue) *Trail {
	t := &Trail{file: file, also: also}
	t.fold = newFold(func(r Record) { _ = t.hand(context.Background(), r) })
	return t
}

// Write implements [Log].
func (t *Trail) Write(ctx context.Context, r Record) error {
	if r.refusal() {
		t.fold.add(r)
		return nil
	}
	return t.hand(ctx, r)
}

func (t *Trail) hand(ctx context.Context, r Record) error {
	var err error
	switch {
	case t.file != nil:
		err = t.file.Write(ctx, r)
	case r.waits():
		err = errNoFile
	}
	if err != nil && r.Event == Decision && r.waits() {
		// What was to be allowed has become a refusal.
		r.Allowed, r.By, r.Code, r.Reason = false, "", "audit_failed", err.Error()
	}
	return errors.Join(err, t.also.Write(ctx, r))
}

// Digest returns the digest of call arguments: that of the file, or without one
// that of the process.
func (t *Trail) Digest(arguments []byte) string {
	if t.file == nil {
		return Digest(arguments)
	}
	return t.file.Digest(arguments)
}

// Close writes what is folded and what is queued, and ends.
func (t *Trail) Close() error {
	t.fold.close()
	var err error
	if t.file != nil {
		err = t.file.Close()
	}
	t.also.Close()
	return err
}
