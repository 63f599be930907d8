// SPDX-License-Identifier: MIT

package pool

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/process"
)

// TestSharedRoom: what one shared server has said half leaves another its part of the room,
// although no caller has either of them.
func TestSharedRoom(t *testing.T) {
	rooms := map[string]jsonrpc.Room{}
	p := New(Options{
		Log: slog.New(slog.DiscardHandler), Ended: func(string, string) {},
		Link: func(s entry.Server) func(context.Context, jsonrpc.Room) (process.Link, error) {
			return func(_ context.Context, room jsonrpc.Room) (process.Link, error) {
				rooms[s.Name] = room
				return nil, errors.New("it is not reached")
			}
		},
	})
	t.Cleanup(p.Close)
	taken := map[string]int{}
	for _, name := range []string{"one", "two"} {
		if _, _, err := p.Use(t.Context(), entry.Server{Name: name, Max: 1, Shared: true}, Holder{Name: "alice", Caller: "alice"}); err == nil {
			t.Fatalf("%s was started", name)
		}
		for rooms[name].Take(64 << 10) {
			taken[name] += 64 << 10
		}
	}
	if taken["one"] == 0 || taken["two"] != taken["one"] {
		t.Errorf("the rooms of two shared servers: %v", taken)
	}
}

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

// TestToSpare: who has none gets the longest idle process of who has most, where there can
// be no more; nobody loses one that is in use, or that has just been.
func TestToSpare(t *testing.T) {
	now := time.Now()
	at := func(server, holder, caller string, uses int, idle time.Duration) *slot {
		return &slot{key: key{server, holder}, caller: caller, uses: uses, since: now.Add(-idle)}
	}
	for _, c := range []struct {
		name, server, caller string
		slots                []*slot
		want                 string // holder
	}{
		{"the longest idle of who has most", "odd", "carol", []*slot{
			at("odd", "a1", "alice", 0, 2*time.Second), at("odd", "a2", "alice", 0, 3*time.Second), at("odd", "a3", "alice", 0, time.Second),
			at("odd", "b1", "bob", 0, time.Hour), at("odd", "b2", "bob", 0, time.Hour),
		}, "a2"},
		{"none in use", "odd", "carol", []*slot{
			at("odd", "a1", "alice", 1, time.Hour), at("odd", "a2", "alice", 1, time.Hour), at("odd", "a3", "alice", 0, 0), at("odd", "b1", "bob", 1, time.Hour),
		}, "a3"},
		{"all in use", "odd", "carol", []*slot{at("odd", "a1", "alice", 1, time.Hour), at("odd", "a2", "alice", 2, time.Hour)}, ""},
		{"the only one, idle for a while", "odd", "carol", []*slot{at("odd", "a1", "alice", 0, keptIdle+time.Second), at("odd", "b1", "bob", 0, 2*keptIdle)}, "b1"},
		{"the only one, not idle for long", "odd", "carol", []*slot{at("odd", "a1", "alice", 0, keptIdle-time.Second)}, ""},
		{"who has one takes none", "odd", "bob", []*slot{at("odd", "a1", "alice", 0, time.Hour), at("odd", "a2", "alice", 0, time.Hour), at("odd", "b1", "bob", 1, 0)}, ""},
		{"of that server alone", "odd", "carol", []*slot{at("more", "a1", "alice", 0, time.Hour), at("more", "a2", "alice", 0, time.Hour), at("odd", "b1", "bob", 1, 0)}, ""},
		{"of any server", "", "carol", []*slot{at("more", "a1", "alice", 0, time.Hour), at("odd", "a2", "alice", 0, 0), at("odd", "b1", "bob", 1, 0)}, "a1"},
		{"a shared one is of all", "", "carol", []*slot{at("shared", "", "", 0, time.Hour), at("other", "", "", 0, time.Hour)}, ""},
	} {
		p := &Pool{slots: map[key]*slot{}}
		for _, sl := range c.slots {
			p.slots[sl.key] = sl
		}
		got := ""
		if sl := p.toSpare(c.server, c.caller); sl != nil {
			got = sl.key.holder
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}
