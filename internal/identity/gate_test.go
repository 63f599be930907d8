// SPDX-License-Identifier: MIT

package identity

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tailscale.com/client/local"
	"tailscale.com/client/tailscale/apitype"
	"tailscale.com/tailcfg"
)

func port(n uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), n)
}

// slow is a tailscaled with userspace networking: what it knows it says at once,
// and for what it does not know it looks for 187 ms, whoever hangs up.
type slow struct {
	stub
	now, most, asked atomic.Int32
	known            func(addr string) bool
}

func (s *slow) WhoIsProto(_ context.Context, _, addr string) (*apitype.WhoIsResponse, error) {
	s.asked.Add(1)
	if s.known(addr) {
		return &apitype.WhoIsResponse{Node: &tailcfg.Node{StableID: "nLaptop"}, UserProfile: &tailcfg.UserProfile{LoginName: "alice@example.com"}}, nil
	}
	if now := s.now.Add(1); now > s.most.Load() {
		s.most.Store(now)
	}
	defer s.now.Add(-1)
	time.Sleep(187 * time.Millisecond)
	return nil, local.ErrPeerNotFound
}

// TestStrangersAreAskedAboutInTurn: two at a time, hung up or not, and who finds a
// long queue is told to come back.
func TestStrangersAreAskedAboutInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hers := port(1)
		s := &slow{stub: stub{state: "Running"}, known: func(addr string) bool { return addr == hers.String() }}
		r, _ := resolver(s)
		if _, err := r.Resolve(t.Context(), hers); err != nil {
			t.Fatal(err)
		}
		var unknown, unavailable atomic.Int32
		for i := range uint16(200) {
			ctx, cancel := context.WithCancel(t.Context())
			if i%2 == 0 {
				time.AfterFunc(10*time.Millisecond, cancel)
			}
			go func() {
				defer cancel()
				switch _, err := r.Resolve(ctx, port(1000+i)); {
				case errors.Is(err, ErrUnknown):
					unknown.Add(1)
				case errors.Is(err, ErrUnavailable):
					unavailable.Add(1)
				default:
					t.Errorf("got %v, want a refusal", err)
				}
			}()
		}
		synctest.Wait()
		// A port that was hers a moment ago does not wait behind them.
		began := time.Now()
		if _, err := r.Resolve(t.Context(), hers); err != nil || time.Since(began) > 0 {
			t.Errorf("got %v after %s, want the caller at once", err, time.Since(began))
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if got := s.most.Load(); got > mostAsked {
			t.Errorf("got %d strangers asked about at once, want at most %d", got, mostAsked)
		}
		if got := unknown.Load() + unavailable.Load(); got != 200 || unavailable.Load() < 200-mostWaiting-mostAsked {
			t.Errorf("got %d unknown and %d told to come back, want 200 in all", unknown.Load(), unavailable.Load())
		}
		if r.gate.waiting != 0 || len(r.gate.slots) != 0 {
			t.Errorf("got %d waiting and %d asked about at the end, want none", r.gate.waiting, len(r.gate.slots))
		}
	})
}

// TestManyNewConnections: peers who connect all at once are all let in.
func TestManyNewConnections(t *testing.T) {
	r, _ := resolver(&slow{stub: stub{state: "Running"}, known: func(string) bool { return true }})
	var wg sync.WaitGroup
	for i := range uint16(mostWaiting) {
		wg.Go(func() {
			if _, err := r.Resolve(t.Context(), port(1000+i)); err != nil {
				t.Errorf("connection %d: %v", i, err)
			}
		})
	}
	wg.Wait()
}

// TestPortThatIsNobodysIsForgotten: only its first question passes the gate.
func TestPortThatIsNobodysIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gone atomic.Bool
		r, _ := resolver(&slow{stub: stub{state: "Running"}, known: func(string) bool { return !gone.Load() }})
		_, _ = r.Resolve(t.Context(), port(1))
		if len(r.gate.known) != 1 {
			t.Fatalf("got %d ports remembered, want 1", len(r.gate.known))
		}
		gone.Store(true)
		c, err := r.Resolve(t.Context(), port(1))
		checkRefused(t, c, err, ErrUnknown) // the answer is not remembered, only the port
		if len(r.gate.known) != 0 {
			t.Errorf("got %d ports remembered, want none", len(r.gate.known))
		}
	})
}

func TestRememberedPortsAreBounded(t *testing.T) {
	r, _ := resolver(&slow{stub: stub{state: "Running"}, known: func(string) bool { return true }})
	for i := range uint16(mostPorts + 10) {
		_, _ = r.Resolve(t.Context(), port(i+1))
	}
	if got := len(r.gate.known); got > mostPorts {
		t.Errorf("got %d ports remembered, want at most %d", got, mostPorts)
	}
}
