// SPDX-License-Identifier: MIT

package identity

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

const (
	// mostAsked is how many ports that tailscaled may not know are asked about at a
	// time. It looks for each for 0.2 s and answers nobody meanwhile.
	mostAsked = 2
	// mostWaiting is how many more wait for that, each for [DefaultTimeout] at most.
	// Ports that are tailscaled's are answered in a moment, so that as many new
	// connections of peers come in at once.
	mostWaiting = 128
	// mostHeld is how long a question counts that is not answered.
	mostHeld = 10 * time.Second
	// mostPorts bounds the ports that are remembered, and portAge how long each is.
	mostPorts = 4096
	portAge   = 5 * time.Minute
)

var errManyStrangers = errors.New("it is being asked about many new connections at once")

// gate lets few questions about unknown loopback ports through at a time. A port at
// which tailscaled found a peer lately passes: it is answered at once, and does not
// wait behind strangers. Only that is remembered, not who was there: every request
// is asked about anew. A port that has become nobody's is forgotten with the first
// such answer, so that each costs tailscaled one slow question.
//
// Who comes from a port that tailscaled does not know is an account of this host. Such
// accounts can keep new connections of others waiting until they are refused, and
// tailscaled busy with two questions at a time.
type gate struct {
	mu      sync.Mutex
	known   map[netip.AddrPort]time.Time // when a peer was last found there
	slots   chan struct{}
	waiting int // those who are being asked about included
}

// enter waits until remote may be asked about. It returns what is to be called with
// the answer: whether a peer was found.
func (g *gate) enter(ctx context.Context, remote netip.AddrPort) (leave func(found bool), err error) {
	g.mu.Lock()
	if g.slots == nil {
		g.slots, g.known = make(chan struct{}, mostAsked), map[netip.AddrPort]time.Time{}
	}
	if found, known := g.known[remote]; known && time.Since(found) < portAge {
		g.mu.Unlock()
		return func(found bool) { g.remember(remote, found) }, nil
	}
	if g.waiting >= mostWaiting+mostAsked {
		g.mu.Unlock()
		return nil, errManyStrangers
	}
	g.waiting++
	g.mu.Unlock()
	done := func() {
		g.mu.Lock()
		g.waiting--
		g.mu.Unlock()
	}
	select {
	case g.slots <- struct{}{}:
		return func(found bool) {
			<-g.slots
			done()
			g.remember(remote, found)
		}, nil
	case <-ctx.Done():
		done()
		return nil, fmt.Errorf("%w: %w", errManyStrangers, ctx.Err())
	}
}

// remember keeps or forgets a port, and makes room by dropping what is too old.
func (g *gate) remember(remote netip.AddrPort, found bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !found {
		delete(g.known, remote)
		return
	}
	if _, known := g.known[remote]; !known && len(g.known) >= mostPorts {
		for port, at := range g.known {
			if time.Since(at) >= portAge {
				delete(g.known, port)
			}
		}
		if len(g.known) >= mostPorts {
			clear(g.known)
		}
	}
	g.known[remote] = time.Now()
}
