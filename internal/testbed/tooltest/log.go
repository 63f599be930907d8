// SPDX-License-Identifier: MIT

package tooltest

import (
	"context"
	"slices"
	"sync"

	"tailscale-mcp/internal/audit"
)

// Log is an audit log that remembers, and fails when told to.
type Log struct {
	mu      sync.Mutex
	records []audit.Record
	err     error
}

// Write implements audit.Log.
func (l *Log) Write(_ context.Context, r audit.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return l.err
	}
	l.records = append(l.records, r)
	return nil
}

// Fail makes every further Write return err; nil ends that.
func (l *Log) Fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

// Records returns what was written so far.
func (l *Log) Records() []audit.Record {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.records)
}

// Of returns the records about one tool, URI or prompt.
func (l *Log) Of(name string) []audit.Record {
	return slices.DeleteFunc(l.Records(), func(r audit.Record) bool { return r.Name != name })
}

// Forget empties the log.
func (l *Log) Forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.records = nil
}
