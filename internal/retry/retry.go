// SPDX-License-Identifier: MIT

// Package retry holds the pauses between attempts to reach a server again: how long
// they are, and the wait itself. It is a leaf, shared by the stdio proxy, what
// bridges the eras of MCP, and the gateway.
package retry

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pauses between attempts in a row. Each is twice as long as the one before it.
const (
	First   = time.Second
	Longest = 30 * time.Second
)

// Jitter returns d, give or take a quarter, so that many clients of one server do not
// come back at once.
func Jitter(d time.Duration) time.Duration {
	return d*3/4 + rand.N(d/2) //nolint:gosec // spreads load and guards nothing
}

// Sleep waits for d. It reports false when ctx ended first.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
