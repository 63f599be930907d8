// SPDX-License-Identifier: MIT

package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tailscale-mcp/internal/audit/disk"
)

// File is a log on disk, in three series of JSON lines, each with a share of the
// space that it cannot exceed: what changes something, what reads, and what was
// refused. So neither of the latter can push out the first.
//
// A record of a change is durable when Write returns nil: written and fsynced.
// Changes that come at the same time share one fsync. Nobody waits for the
// records of reads and refusals: those that come within [gather] of others are
// written together. Those that find no room are counted, and the count is a record
// of its own.
type File struct {
	path string
	lost func(Event)
	disk disk.Calls
	key  atomic.Pointer[key]

	mu      sync.Mutex
	waiting []*waiter
	later   [seriesCount]backlog
	closing bool

	wake  chan struct{} // holds a token when there is something to do
	pause pause         // of the writer
	done  chan struct{} // closed when the writer has ended

	// Only the writer uses what follows.
	held   *os.File // the key's file, locked; nil: not open
	series [seriesCount]*disk.Series
	owed   int // outcomes of changes whose decision is on disk
}

const (
	changes = iota
	reads
	refusals
	seriesCount
)

// The bounds: 16 files of 16 MiB in all.
const (
	segmentSize = 16 << 20
	// MaxBytes is the most that the files take together.
	MaxBytes = 16 * segmentSize
	// maxLine is the longest line. What is in a record is bounded where it is made.
	maxLine = 64 << 10
	// maxBatch is what is written with one call.
	maxBatch = 1 << 20
	// maxWaiting bounds the records that wait, and with them the calls.
	maxWaiting = 1024
	// filePatience is how long a record waits for a disk that does not answer.
	filePatience = 5 * time.Second
)

var segments = [seriesCount]int{changes: 8, reads: 4, refusals: 4}

var (
	errSlow   = fmt.Errorf("the disk has not answered within %v", filePatience)
	errBusy   = errors.New("too many records wait for the disk")
	errClosed = errors.New("it is closed")
	errLong   = fmt.Errorf("the record is longer than %d KiB", maxLine>>10)
)

// FileError is a record that is not durable.
type FileError struct {
	Path string
	Err  error
}

func (e *FileError) Error() string { return fmt.Sprintf("audit file %s: %v", e.Path, e.Err) }

// Unwrap returns what is the matter.
func (e *FileError) Unwrap() error { return e.Err }

// waiter is a record that somebody waits for.
type waiter struct {
	event Event // empty: no record, but a question whether one could be written
	line  []byte
	done  chan error // has room for the one answer
}

// backlog are records that nobody waits for.
type backlog struct {
	lines  []byte
	events []Event // of the lines
	lost   int     // of those before the lines
}

// NewFile returns a log in the file at path and those beside it. It opens them
// with the first record, and again whenever that has failed; [File.Check] says
// how it stands. lost is called for each record of a read or a refusal that was
// not written.
func NewFile(path string, lost func(Event)) *File {
	return newFile(path, lost, disk.System())
}

func newFile(path string, lost func(Event), calls disk.Calls) *File {
	f := &File{path: path, lost: lost, disk: calls, wake: make(chan struct{}, 1), pause: newPause(), done: make(chan struct{})}
	for k, p := range paths(path) {
		f.series[k] = &disk.Series{Path: p, Files: segments[k], Limit: segmentSize, Calls: calls}
	}
	f.key.Store(newKey()) // until the file's own is read
	go f.run()
	return f
}

// paths are the files that are written: for /x/audit.jsonl that one,
// /x/audit-reads.jsonl and /x/audit-refused.jsonl.
func paths(path string) [seriesCount]string {
	kind := filepath.Ext(path)
	stem := strings.TrimSuffix(path, kind)
	return [seriesCount]string{changes: path, reads: stem + "-reads" + kind, refusals: stem + "-refused" + kind}
}

// keyPath is where the key of the digests is, for /x/audit.jsonl /x/audit.key.
func keyPath(path string) string { return strings.TrimSuffix(path, filepath.Ext(path)) + ".key" }

// Path returns where it is.
func (f *File) Path() string { return f.path }

// Digest returns a digest of call arguments that is equal for equal arguments as
// long as the file is there, and tells nothing without its key.
func (f *File) Digest(arguments []byte) string { return f.key.Load().digest(arguments) }

// Check reports whether a record could be written now, as far as can be told
// without one.
func (f *File) Check() error { return f.commit("", nil) }

// Write implements [Log].
func (f *File) Write(_ context.Context, r Record) error {
	line, err := encode(r)
	if err == nil && len(line) > maxLine {
		err = errLong
	}
	if err != nil {
		return &FileError{f.path, err}
	}
	switch {
	case r.waits():
		return f.commit(r.Event, line)
	case r.refusal():
		f.leave(refusals, r.Event, line)
	default:
		f.leave(reads, r.Event, line)
	}
	return nil
}

// commit hands line to the writer and waits until it is durable. It does not end
// with the caller's context: what a caller who has gone did is recorded all the
// same.
func (f *File) commit(event Event, line []byte) error {
	e := &waiter{event, line, make(chan error, 1)}
	if err := f.enter(e); err != nil {
		return &FileError{f.path, err}
	}
	patience := time.NewTimer(filePatience)
	defer patience.Stop()
	var err error
	select {
	case err = <-e.done:
	case <-patience.C:
		// It may be with the disk already, and stand there one day for a change that
		// was refused. One that is not yet never will.
		// The outcome of what has been done is owed all the same.
		if event != Outcome {
			f.withdraw(e)
		}
		err = errSlow
	}
	if err != nil {
		return &FileError{f.path, err}
	}
	return nil
}

func (f *File) enter(e *waiter) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closing:
		return errClosed
	case len(f.waiting) == maxWaiting:
		return errBusy
	}
	f.waiting = append(f.waiting, e)
	f.rouse()
	f.pause.end()
	return nil
}

func (f *File) withdraw(e *waiter) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.waiting {
		if f.waiting[i] == e {
			f.waiting = append(f.waiting[:i:i], f.waiting[i+1:]...)
			return
		}
	}
}

// leave hands over a line that nobody waits for, or counts it.
func (f *File) leave(k int, event Event, line []byte) {
	f.mu.Lock()
	b := &f.later[k]
	full := f.closing || len(b.lines)+len(line) > maxBatch
	if full {
		b.lost++
	} else {
		b.lines, b.events = append(b.lines, line...), append(b.events, event)
		f.rouse()
		if len(b.lines) > maxBatch/2 {
			f.pause.end()
		}
	}
	f.mu.Unlock()
	if full {
		f.lost(event)
	}
}

func (f *File) rouse() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// Close writes what is left, and ends. It does not wait for a disk that does not
// answer.
func (f *File) Close() error {
	f.mu.Lock()
	f.closing = true
	f.rouse()
	f.pause.end()
	f.mu.Unlock()
	patience := time.NewTimer(filePatience)
	defer patience.Stop()
	select {
	case <-f.done:
		return nil
	case <-patience.C:
		return &FileError{f.path, errSlow}
	}
}
