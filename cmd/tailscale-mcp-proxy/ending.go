// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"os/signal"
	"time"
)

// parentPace is how often the relay looks whether its parent is still there.
const parentPace = time.Second

// untilAsked returns a context that is done when the relay is to end well: a
// signal asks for it, or the process that started the relay is gone. Of a
// client that dies the end of stdin tells as a rule. It does not when another
// process of that client inherited the other end of the pipe.
//
// A second signal ends the process at once.
func untilAsked(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, endSignals...)
	context.AfterFunc(ctx, stop)
	go whileParentLives(ctx, parentPace, stop)
	return ctx, stop
}
