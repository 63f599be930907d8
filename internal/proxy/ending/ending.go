// SPDX-License-Identifier: MIT

// Package ending knows when a process that relays is to end: when a signal asks for it,
// or when who started it is gone. It imports the standard library, and on Windows the
// interface of the system.
package ending

import (
	"context"
	"os/signal"
	"time"
)

// parentPace is how often the relay looks whether its parent is still there.
const parentPace = time.Second

// UntilAsked returns a context that is done when the relay is to end well: a
// signal asks for it, or the process that started the relay is gone. Of a
// client that dies the end of stdin tells as a rule. It does not when another
// process of that client inherited the other end of the pipe.
//
// A second signal ends the process at once.
func UntilAsked(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, endSignals...)
	context.AfterFunc(ctx, stop)
	go whileParentLives(ctx, parentPace, stop)
	return ctx, stop
}
