// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"time"

	"golang.org/x/time/rate"
)

// People and models pause between their calls, a program does not, and the default limits
// of what one caller may cause at the Tailscale API are made for the former: 120 requests a
// minute, 40 at once. So this program pauses before a call until there are enough again for
// one. Where that is not enough, the server says how long to wait.
const (
	perSecond = 2
	atOnce    = 40
	forOne    = 16
)

// pace is what is left of the requests of one caller.
type pace struct{ left *rate.Limiter }

func newPace() pace { return pace{rate.NewLimiter(perSecond, atOnce)} }

// rest pauses before a call, and returns for how long.
func (p pace) rest(ctx context.Context) (time.Duration, error) {
	missing := forOne - p.left.Tokens()
	if missing <= 0 {
		return 0, nil
	}
	wait := time.Duration(missing / perSecond * float64(time.Second))
	return wait, pause(ctx, wait)
}

// spent counts the requests of a call; one that is over the limit is the server's to count.
func (p pace) spent(n int) {
	for range n {
		p.left.Allow()
	}
}

// pause waits.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
