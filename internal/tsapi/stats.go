// SPDX-License-Identifier: MIT

package tsapi

import (
	"time"

	"tailscale-mcp/internal/failure"
)

// Stats are what a client is doing now.
type Stats struct {
	// HoldUntil is until when nothing is sent, because the API asked for fewer
	// requests; the zero time when nothing is held.
	HoldUntil time.Time
	// SlotsInUse is how many requests are under way, and Slots how many may be.
	SlotsInUse, Slots int
	// Waiting is how many requests wait for a slot.
	Waiting int
	// BytesUnderWay are those of the answers that are being read and decoded.
	BytesUnderWay int64
}

// Stats returns what the client is doing now.
func (a *API) Stats() Stats {
	s := Stats{HoldUntil: a.hold.Until(), Slots: a.slots.Size(), BytesUnderWay: a.budget.Bytes()}
	s.SlotsInUse, s.Waiting = a.slots.Count()
	return s
}

// observe tells whoever wants to know of a request that was sent, with the status
// of its answer, 0 when there was none, and what became of it.
func (a *API) observe(op string, status int, code failure.Code, took time.Duration) {
	if a.observer != nil {
		a.observer(op, status, code, took)
	}
}
