// SPDX-License-Identifier: MIT

package pool

import (
	"testing"
	"time"
)

// TestPauses: three early deaths in a row cost nothing, each further one doubles the pause
// up to a minute, of that caller and server alone; two quiet minutes make up for all, and so
// does a process that lives long.
func TestPauses(t *testing.T) {
	s, now := starts{}, time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	take := func(caller, server string) time.Duration { return s.take(caller, server, startBurst, now) }
	for i, want := range []time.Duration{0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60} {
		want *= time.Second
		if got := take("alice", "odd"); got != want {
			t.Errorf("after %d deaths: got %s, want %s", i, got, want)
		}
		if take("bob", "odd") != 0 || i < 3 && take("alice", "other") != 0 {
			t.Errorf("after %d deaths of hers: others have to wait", i)
		}
		now = now.Add(want + startEvery) // so that the rate is not what she waits for
		if i > 0 {
			now = now.Add(startEvery)
		}
		if got := take("alice", "odd"); got != 0 {
			t.Errorf("after %d deaths and the pause: got %s", i, got)
		}
		s.died("alice", "odd", now)
	}
	now = now.Add(2*longestBackoff + time.Second)
	s.died("alice", "odd", now)
	if got := take("alice", "odd"); got != 0 {
		t.Errorf("one death after two quiet minutes: got %s", got)
	}
	for range 3 {
		s.died("alice", "odd", now)
	}
	if take("alice", "odd") == 0 {
		t.Error("four deaths in a row cost nothing")
	}
	s.lived("alice", "odd")
	s.died("alice", "odd", now)
	if got := take("alice", "odd"); got != 0 {
		t.Errorf("one death after a long life: got %s", got)
	}
}

// TestRate: who starts many at once waits for the next, and who has not started anything
// for long is forgotten.
func TestRate(t *testing.T) {
	s, now := starts{}, time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for i := range startBurst {
		if got := s.take("alice", "odd", startBurst, now); got != 0 {
			t.Fatalf("start %d: got %s", i, got)
		}
	}
	if got := s.take("alice", "odd", startBurst, now); got != startEvery {
		t.Errorf("the next: got %s, want %s", got, startEvery)
	}
	if got := s.take("bob", "odd", startBurst, now); got != 0 {
		t.Errorf("of another: got %s", got)
	}
	now = now.Add(startBurst * startEvery)
	s.take("carol", "odd", startBurst, now)
	if len(s) != 1 {
		t.Errorf("%d callers are remembered, want carol alone", len(s))
	}
	s, now = starts{}, now.Add(time.Hour)
	s.take("alice", "odd", 2, now) // as where fewer may be started at once
	s.take("bob", "odd", 2, now.Add(time.Hour))
	if len(s) != 1 {
		t.Errorf("%d callers are remembered, want bob alone", len(s))
	}
}
