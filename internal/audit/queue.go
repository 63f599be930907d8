// SPDX-License-Identifier: MIT

package audit

import (
	"context"
	"sync"
	"time"
)

// Queue hands records to a log that may be slow, or stalled: journald reads
// nothing while its disk does not answer, say. Nobody waits for it. What finds no
// room is counted, and the log is told how many are missing when it takes records
// again.
type Queue struct {
	next  Log
	lost  func(Event)
	pause pause
	done  chan struct{}

	mu      sync.Mutex
	records chan Record
	missing int
	closed  bool
}

const (
	// queueLength bounds the records that a stalled log keeps in memory.
	queueLength = 1024
	// queuePatience is how long the end waits for a log that takes nothing.
	queuePatience = 5 * time.Second
)

// NewQueue returns a queue in front of next. lost is called for each record that
// next did not get.
func NewQueue(next Log, lost func(Event)) *Queue {
	q := &Queue{next: next, lost: lost, pause: newPause(), done: make(chan struct{}), records: make(chan Record, queueLength)}
	go q.run()
	return q
}

// Write implements [Log]. It always returns nil, and at once.
func (q *Queue) Write(_ context.Context, r Record) error {
	if !q.enter(r) {
		q.lost(r.Event)
	}
	return nil
}

func (q *Queue) enter(r Record) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		select {
		case q.records <- r:
			if len(q.records) > queueLength/2 {
				q.pause.end()
			}
			return true
		default:
		}
	}
	q.missing++
	return false
}

func (q *Queue) run() {
	defer close(q.done)
	for r := range q.records {
		q.tell()
		if q.next.Write(context.Background(), r) != nil {
			q.count(1)
			q.lost(r.Event)
		}
		if len(q.records) == 0 {
			q.pause.take()
		}
	}
	q.tell()
}

// tell writes how many records are missing, if any are.
func (q *Queue) tell() {
	q.mu.Lock()
	n := q.missing
	q.missing = 0
	q.mu.Unlock()
	if n > 0 && q.next.Write(context.Background(), missing(n)) != nil {
		q.count(n)
	}
}

func (q *Queue) count(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.missing += n
}

// Close hands over what is left, and does not wait for a log that takes nothing.
func (q *Queue) Close() {
	q.mu.Lock()
	if !q.closed {
		q.closed = true
		close(q.records)
		q.pause.end()
	}
	q.mu.Unlock()
	patience := time.NewTimer(queuePatience)
	defer patience.Stop()
	select {
	case <-q.done:
	case <-patience.C:
	}
}
