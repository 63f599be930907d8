// SPDX-License-Identifier: MIT

package listen

import (
	"time"

	"tailscale.com/ipn"
	"tailscale.com/ipn/ipnstate"
)

// What tailscaled knows of grants, it knows from its control server. While it has lost
// that, it goes on with what it heard last, and so would a caller whose grant has been
// taken away meanwhile. Self.Online is its own word on whether it has the stream open
// that it is told by. It has lost the stream for a moment whenever it opens another, and
// it notices the loss of a silent one after two minutes of silence only.

// without is since when tailscaled has been without its control server. It is counted
// while it runs, and over a restart, after which it may go on with the network map of its
// last run. When it is switched off or logged out there is nobody whom it could attest,
// and what comes after that is counted anew.
func (n node) without(status *ipnstate.Status, now time.Time) time.Time {
	switch {
	case status.Self != nil && status.Self.Online, settled(status.BackendState):
		return time.Time{}
	case n.unheard.IsZero() && status.BackendState == ipn.Running.String():
		return now
	}
	return n.unheard
}

// limit makes of a state that of a node whose tailscaled may be without its control
// server for so long only.
func (n node) limit(s State, now time.Time, borne time.Duration) State {
	if n.unheard.IsZero() || now.Sub(n.unheard) < borne {
		return s
	}
	s.ReadsOnly = "tailscaled on this host has been without its control server since " + n.unheard.UTC().Format(time.RFC3339) +
		", so that a grant that was taken away since then may still count here"
	if s.Phase != Waiting { // then nobody is let in, and what is waited for is said
		s.Phase = Degraded
		s.Detail += "; only reads are served: " + s.ReadsOnly + " (see: tailscale status)"
	}
	return s
}
