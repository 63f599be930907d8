// SPDX-License-Identifier: MIT

package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
)

// kept is a log that remembers, and is asked before each record when told to.
type kept struct {
	mu      sync.Mutex
	records []Record
	before  func() error
}

func (k *kept) Write(_ context.Context, r Record) error {
	if k.before != nil {
		if err := k.before(); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.records = append(k.records, r)
	return nil
}

func (k *kept) all() []Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]Record(nil), k.records...)
}

// settle returns when the writers of the bubble have written what they have.
func settle() {
	time.Sleep(gather)
	synctest.Wait()
}

// noLoss fails the test about a record that is lost.
func noLoss(t *testing.T) func(Event) {
	return func(e Event) { t.Errorf("a record of a %s was lost", e) }
}

// A journal that takes nothing keeps nobody waiting, and not more records than the
// queue is long; when it recovers it gets them all, in their order, and the number
// of the others.
func TestJournalStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stall := make(chan struct{})
		var messages []string
		j := newJournal(func(_ string, _ journal.Priority, fields map[string]string) error {
			<-stall
			messages = append(messages, fields["TSMCP_REQUEST_ID"]+fields["TSMCP_COUNT"])
			return nil
		})
		var lost atomic.Int32
		q := NewQueue(j, func(Event) { lost.Add(1) })
		began := time.Now()
		const more = 10
		for i := range queueLength + more {
			r := sample()[0]
			r.RequestID = fmt.Sprint("r", i)
			if err := q.Write(t.Context(), r); err != nil {
				t.Fatalf("writing to a stalled journal: %v", err)
			}
			synctest.Wait() // the first is with the journal
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("writing to a stalled journal took %v, want nobody kept", took)
		}
		if got := lost.Load(); got != more-1 {
			t.Errorf("got %d lost records, want %d", got, more-1)
		}
		q.Close()
		if took := time.Since(began); took != queuePatience {
			t.Errorf("the end took %v, want %v", took, queuePatience)
		}
		close(stall)
		<-q.done
		want := []string{"r0", fmt.Sprint(more - 1)} // which are missing is said at once when it recovers
		for i := range queueLength {
			want = append(want, fmt.Sprint("r", i+1))
		}
		if !slices.Equal(messages, want) {
			t.Errorf("got %d records %.200q, want %d in their order", len(messages), messages, len(want))
		}
	})
}

// What the log refuses is counted, and said once it takes records again.
func TestQueueTellsWhatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := true
		k := &kept{before: func() error {
			if down {
				return errors.New("no journal")
			}
			return nil
		}}
		var lost atomic.Int32
		q := NewQueue(k, func(Event) { lost.Add(1) })
		for range 3 {
			_ = q.Write(t.Context(), sample()[0])
		}
		settle()
		down = false
		_ = q.Write(t.Context(), sample()[1])
		q.Close()
		got := k.all()
		if len(got) != 2 || got[0].Event != Lost || got[0].Count != 3 || got[1].Event != Outcome || lost.Load() != 3 {
			t.Errorf("got %+v and %d lost, want that three are missing and then the record", got, lost.Load())
		}
		_ = q.Write(t.Context(), sample()[1])
		if lost.Load() != 4 {
			t.Error("a record after the end was not counted as lost")
		}
	})
}
