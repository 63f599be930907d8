// SPDX-License-Identifier: MIT

package listen

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
)

// offline is a status of a tailscaled that has lost its control server.
func offline(status *ipnstate.Status) *ipnstate.Status {
	status.Self.Online = false
	return status
}

// TestUnheard: what counts is how long tailscaled has been without its control
// server while it attests callers.
func TestUnheard(t *testing.T) {
	running := func() *ipnstate.Status { return up("127.0.0.2") }
	for _, c := range []struct {
		name  string
		after []*ipnstate.Status // one a second; nil is no answer
		want  time.Duration      // for how long it has been without; 0: it has it
	}{
		{"connected", []*ipnstate.Status{running(), running(), running()}, 0},
		{"lost", []*ipnstate.Status{running(), offline(running()), offline(running())}, time.Second},
		{"from the start", []*ipnstate.Status{offline(running()), offline(running()), offline(running())}, 2 * time.Second},
		{"found again", []*ipnstate.Status{offline(running()), offline(running()), running()}, 0},
		{"lost again", []*ipnstate.Status{offline(running()), running(), offline(running()), offline(running())}, time.Second},
		{"restarted meanwhile", []*ipnstate.Status{offline(running()), nil, offline(in(ipn.NoState)), offline(in(ipn.Starting)), offline(running())}, 4 * time.Second},
		{"restarted, and connected", []*ipnstate.Status{offline(running()), nil, offline(in(ipn.Starting)), running()}, 0},
		{"starting", []*ipnstate.Status{offline(in(ipn.NoState)), offline(in(ipn.Starting)), offline(in(ipn.Starting))}, 0},
		{"switched off and on", []*ipnstate.Status{offline(running()), offline(in(ipn.Stopped, "127.0.0.2")), offline(running()), offline(running())}, time.Second},
		{"logged out and in", []*ipnstate.Status{offline(running()), offline(in(ipn.NeedsLogin)), offline(running())}, 0},
		{"does not say", []*ipnstate.Status{running(), {BackendState: "Running"}, {BackendState: "Running"}}, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
			var n node
			now := start
			for i, status := range c.after {
				now = start.Add(time.Duration(i) * time.Second)
				if status == nil {
					n = n.missed(errors.New("not running"))
				} else {
					n = n.heard(status, now)
				}
			}
			got := time.Duration(0)
			if !n.unheard.IsZero() {
				got = now.Sub(n.unheard)
			}
			if got != c.want {
				t.Errorf("got %s without its control server, want %s", got, c.want)
			}
		})
	}
}

// word is a tailscaled that runs, has no address and tells nothing by the bus.
type word struct{ online atomic.Bool }

func (w *word) StatusWithoutPeers(context.Context) (*ipnstate.Status, error) {
	status := up()
	status.Self.Online = w.online.Load()
	return status, nil
}

func (*word) WatchIPNBus(context.Context, ipn.NotifyWatchOpt) (*local.IPNBusWatcher, error) {
	return nil, errors.New("there is no bus")
}

// TestUnheardForAMinute: a minute is borne, and not much more.
func TestUnheardForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tailscaled word
		tailscaled.online.Store(true)
		l, err := Open(Config{Tailscaled: &tailscaled, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		readsOnly := func(after time.Duration) bool {
			time.Sleep(after)
			synctest.Wait()
			return l.State().ReadsOnly != ""
		}
		if readsOnly(time.Hour) {
			t.Errorf("connected: got %+v, want that changes are served", l.State())
		}
		for range 2 {
			tailscaled.online.Store(false)
			if readsOnly(time.Minute - time.Millisecond) {
				t.Errorf("lost for less than a minute: got %+v, want that changes are served", l.State())
			}
			if !readsOnly(defaultTiming.poll) || !readsOnly(time.Hour) {
				t.Errorf("lost for more than a minute: got %+v, want reads only", l.State())
			}
			tailscaled.online.Store(true)
			if readsOnly(defaultTiming.poll) {
				t.Errorf("found again: got %+v, want that changes are served", l.State())
			}
		}
	})
}

// TestReadsOnly: the state says it and names since when, the log says once that it
// began and once that it ended, and callers are served all the while.
func TestReadsOnly(t *testing.T) {
	fake := newTailscaled(t, up("127.0.0.2")).start()
	at := patient
	at.unheard = time.Nanosecond
	h := listening(t, Config{Tailscaled: fake.client()}, at)
	addr := h.serves("127.0.0.2").Addrs[0]
	for range 2 {
		fake.set(offline(up("127.0.0.2")))
		s := h.becomes(Degraded, "listening on 127.0.0.2:")
		if !strings.HasPrefix(s.ReadsOnly, "tailscaled on this host has been without its control server since 20") || !strings.Contains(s.Detail, s.ReadsOnly) {
			t.Errorf("got %+v, want that it says since when", s)
		}
		h.answers(addr)
		fake.set(up("127.0.0.2"))
		if s := h.serves("127.0.0.2"); s.ReadsOnly != "" || s.Addrs[0] != addr {
			t.Errorf("got %+v, want that all is well again", s)
		}
	}
	eventually(t, "the last word", func() bool { return strings.Count(h.logs.String(), "changes are served again") == 2 })
	if got := strings.Count(h.logs.String(), "level=WARN"); got != 2 || got != strings.Count(h.logs.String(), "only reads are served") {
		t.Errorf("got %d warnings, want one whenever it began", got)
	}
	// While it is away there is nobody to serve; what is waited for is more to the point.
	fake.set(offline(up("127.0.0.2")))
	other := listening(t, Config{Tailscaled: fake.client()}, at)
	other.becomes(Degraded, "listening on")
	fake.stop()
	if s := other.becomes(Waiting, "waiting for tailscaled"); s.ReadsOnly == "" {
		t.Errorf("got %+v, want that it is not taken for connected", s)
	}
}
