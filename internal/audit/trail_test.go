// SPDX-License-Identifier: MIT

package audit

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
)

// The journal gets what the file gets. A change whose record is not durable is
// refused, and the journal says so; the file holds nothing of it.
func TestTrail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, k := &faulty{}, &kept{}
		f := open(t, d, noLoss(t))
		trail := NewTrail(f, NewQueue(k, noLoss(t)))
		outcome := change("ok")
		outcome.Event = Outcome
		read, refused := sample()[0], sample()[3]
		for _, r := range []Record{change("ok"), outcome, read, refused} {
			if err := trail.Write(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		settle() // the read and the refusal are written
		d.failWrite.Store(failing(syscall.ENOSPC))
		if err := trail.Write(t.Context(), change("full")); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("a full disk: got %v", err)
		}
		// What has happened has happened, and the journal at least is told.
		if err := trail.Write(t.Context(), outcome); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("an outcome on a full disk: got %v", err)
		}
		d.failWrite.Store(nil)
		if err := trail.Close(); err != nil {
			t.Fatal(err)
		}
		if got := ids(t, f.path); !slices.Equal(got, []string{"ok", "ok"}) {
			t.Errorf("the file has %q, want the change and its outcome", got)
		}
		var messages []string
		for _, r := range k.all() {
			messages = append(messages, strings.SplitN(r.message(), ":", 2)[0]+" "+r.RequestID)
		}
		if want := []string{"allowed ok", "done ok", "allowed r1", "refused r2", "refused full", "done ok"}; !slices.Equal(messages, want) {
			t.Errorf("the journal got %q, want %q", messages, want)
		}
		if r := k.all()[4]; r.Code != "audit_failed" || !strings.Contains(r.Reason, f.path) || r.By != "" {
			t.Errorf("the refusal: got %+v, want that it is for the file", r)
		}
	})
}

// A journal that is stalled keeps no change waiting and refuses none.
func TestTrailWithStalledJournal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stall := make(chan struct{})
		k := &kept{before: func() error { <-stall; return nil }}
		f := open(t, &faulty{}, noLoss(t))
		trail := NewTrail(f, NewQueue(k, noLoss(t)))
		for range 500 {
			if err := trail.Write(t.Context(), change("x")); err != nil {
				t.Fatal(err)
			}
		}
		close(stall)
		if err := trail.Close(); err != nil {
			t.Fatal(err)
		}
		if a, b := len(ids(t, f.path)), len(k.all()); a != 500 || b != 500 {
			t.Errorf("got %d records in the file, %d in the journal, want 500", a, b)
		}
	})
}

// Without a file there is no change, and everything else is recorded as before.
func TestTrailWithoutFile(t *testing.T) {
	k := &kept{}
	trail := NewTrail(nil, NewQueue(k, noLoss(t)))
	if err := trail.Write(t.Context(), change("x")); !errors.Is(err, errNoFile) {
		t.Errorf("a change: got %v, want %v", err, errNoFile)
	}
	if err := trail.Write(t.Context(), sample()[0]); err != nil {
		t.Errorf("a read: %v", err)
	}
	if got := trail.Digest([]byte("{}")); got == "" || got != Digest([]byte("{}")) {
		t.Errorf("got digest %q, want that of the process", got)
	}
	if err := trail.Close(); err != nil {
		t.Fatal(err)
	}
	if got := k.all(); len(got) != 2 || got[0].Allowed || !got[1].Allowed {
		t.Errorf("got %+v, want the refusal and the read", got)
	}
}
