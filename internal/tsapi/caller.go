// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
)

type callerKey struct{}

// OnBehalf returns a context whose calls count for the caller with that key: in
// turn with those of others, and within what one caller may ask per minute. The
// empty key is the program itself, which has no such limit.
//
// It is a value of the context, as the [Trace] is: a tool passes on its context and
// cannot count for somebody else by mistake, and what it calls need not know that
// there are callers. A read that is joined counts for whoever asked first.
func OnBehalf(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, callerKey{}, key)
}

func callerOf(ctx context.Context) string {
	key, _ := ctx.Value(callerKey{}).(string)
	return key
}

// Charge counts one request of the caller's share for a change that begins, whether
// it comes to a request or not, or returns an [*Error] with when there is one again.
func (a *API) Charge(caller string) error {
	if e := a.quotas.Take(caller); e != nil {
		e.Message += "; nothing was changed"
		return e
	}
	return nil
}
