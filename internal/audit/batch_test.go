// SPDX-License-Identifier: MIT

package audit

import (
	"slices"
	"syscall"
	"testing"

	"tailscale-mcp/internal/audit/disk"
)

// outcome is that of a change.
func outcome(id string) Record {
	r := change(id)
	r.Event = Outcome
	return r
}

// TestFileKeepsRoomForOutcomes: on a disk that has become full a change is refused,
// and what is owed is written all the same, in whatever company it comes.
func TestFileKeepsRoomForOutcomes(t *testing.T) {
	d := &faulty{}
	f := open(t, d, func(Event) {})
	for _, id := range []string{"a", "b"} {
		if err := f.Write(t.Context(), change(id)); err != nil {
			t.Fatal(err)
		}
	}
	d.failReserve.Store(failing(syscall.ENOSPC))
	if err := f.Write(t.Context(), change("c")); err == nil {
		t.Error("a change counts without room for its outcome")
	}
	if err := f.Write(t.Context(), outcome("a")); err != nil {
		t.Errorf("an outcome for which there was room: %v", err)
	}
	// In one batch, as when both come while an fsync is under way.
	refused, owed := &waiter{Decision, []byte("{}\n"), make(chan error, 1)}, &waiter{Outcome, []byte("{}\n"), make(chan error, 1)}
	f.mu.Lock()
	f.waiting = append(f.waiting, refused, owed)
	f.rouse()
	f.mu.Unlock()
	if err := <-refused.done; err == nil {
		t.Error("a change in a batch with an outcome counts without room for its own")
	}
	if err := <-owed.done; err != nil {
		t.Errorf("an outcome in a batch with a change: %v", err)
	}
	d.failReserve.Store(nil)
	if err := f.Write(t.Context(), change("d")); err != nil {
		t.Errorf("a change when there is room again: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f.owed != 1 {
		t.Errorf("%d outcomes are owed, want that of the last change", f.owed)
	}
	if got, want := ids(t, f.path), []string{"a", "b", "a", "", "d"}; !slices.Equal(got, want) {
		t.Errorf("got the records %q, want %q", got, want)
	}
}

// TestFileOutcomeStays: room was taken in the file with the decision, so the outcome
// goes there even when that is full, and the next change begins another.
func TestFileOutcomeStays(t *testing.T) {
	f := open(t, &faulty{}, func(Event) {})
	f.series[changes].Limit = 1
	for i, r := range []Record{change("a"), outcome("a"), change("b")} {
		if err := f.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		full, _, err := disk.Numbered(f.path)
		if err != nil {
			t.Fatal(err)
		}
		if want := i / 2; len(full) != want {
			t.Errorf("after record %d: got %d full files, want %d", i+1, len(full), want)
		}
	}
	if got := ids(t, f.path); !slices.Equal(got, []string{"b"}) {
		t.Errorf("got %q in the new file, want the change", got)
	}
}
