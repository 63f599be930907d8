// SPDX-License-Identifier: MIT

package tailnet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// call is one use of an operation.
type call struct {
	op          *operation
	params      []string
	query       url.Values
	accept      string // empty: application/json
	body        []byte
	contentType string   // empty: application/json, when there is a body
	secrets     []string // in the body; no error repeats them
	ifMatch     string   // ETag that the state must still have; empty: any
}

// reply is a 2xx answer, complete.
type reply struct {
	status      int
	contentType string
	etag        string // as the header had it, quotes and all
	body        []byte
}

// maxAttempts bounds how often one read is sent.
const maxAttempts = 4

// do makes a read and decodes its answer. Identical reads under way, decode
// included, are made once: what decode returns may be shared between callers, so
// it must not be modified. decode is given the whole body; its error's text
// becomes part of the message, so it must quote nothing.
func do[T any](ctx context.Context, a *API, c call, decode func(*reply) (T, error)) (T, error) {
	var zero T
	// A read that starts after a change must see it, one with another credential
	// sees other things, and what is decoded into another type is another answer.
	key := fmt.Sprintf("%d %d %T %s", a.changes.Load(), a.source.version(), zero, c.key())
	if r, ok := a.kept.get(ctx, key).(result[T]); ok {
		traceOf(ctx).add(r.status, 0)
		return r.value, nil
	}
	var sent Trace
	value, joined, err := a.reads.do(ctx, key, func(ctx context.Context) (any, error) {
		// Repetitions and all: whoever waits, waits no longer than this.
		ctx, cancel := context.WithTimeout(WithTrace(ctx, &sent), 2*a.timeout)
		defer cancel()
		r, err := a.run(ctx, c)
		if err != nil {
			return nil, err
		}
		v, err := decode(r)
		if err != nil {
			return nil, &Error{
				Code:    CodeUpstreamMalformed,
				Status:  r.status,
				Op:      c.op.id,
				Message: "the answer of the Tailscale API cannot be read: " + err.Error(),
				Next:    nextNotTheAPI,
			}
		}
		// Before the flight ends: whoever asks after it is given this, or starts
		// another, the answer of which is newer.
		done := result[T]{v, sent.Status()}
		a.kept.put(key, done, len(r.body))
		return done, nil
	})
	trace := traceOf(ctx)
	if !joined {
		trace.add(sent.Status(), sent.Requests())
	}
	if err != nil {
		e := a.explain(c.op, err)
		trace.add(e.Status, 0)
		return zero, e
	}
	r := value.(result[T])
	trace.add(r.status, 0)
	return r.value, nil
}

// result is what a flight hands to everyone who waited for it.
type result[T any] struct {
	value  T
	status int
}

// key identifies calls that ask for the same.
func (c call) key() string {
	key := c.op.id + " " + c.accept
	for _, p := range c.params {
		key += " " + strconv.Quote(p)
	}
	key += "?" + c.query.Encode()
	if c.body != nil {
		key += " " + c.contentType + " " + string(c.body)
	}
	return key
}

// explain completes an error that other calls may share: a copy with the
// operation's name.
func (a *API) explain(op *operation, err error) *Error {
	var known *Error
	var p *panicked
	switch {
	case errors.As(err, &known):
	case errors.As(err, &p):
		a.log.Error("panic in a call of the Tailscale API", "op", op.id, "panic", p.value, "stack", string(p.stack))
	default:
		a.log.Error("defect in a call of the Tailscale API", "op", op.id, "err", printable(err.Error(), a.source.secrets()...))
	}
	e := *asError(op.id, err)
	e.Op = op.id
	return &e
}

// run makes a call, repeating a read as its budget allows.
func (a *API) run(ctx context.Context, c call) (*reply, error) {
	target, err := a.target(c.op, c.params)
	if err != nil {
		return nil, err
	}
	target.RawQuery = c.query.Encode()

	var waited time.Duration
	renewed := false
	for attempt := 1; ; attempt++ {
		start := time.Now()
		r, tok, err := a.attempt(ctx, c, target)
		a.logAttempt(ctx, c.op, r, err, attempt, time.Since(start))
		if err == nil {
			return r, nil
		}
		e := a.explain(c.op, err)
		// A token may end before its time, when somebody revokes it. The
		// request was refused at the door, so a change too may be sent again.
		if e.Status == http.StatusUnauthorized && tok.text != nil && !renewed && a.source.refused(tok) {
			renewed = true
			continue
		}
		wait, again := a.backoff(c.op, e, attempt, waited)
		if !again {
			return nil, e
		}
		waited += wait
		if a.sleep(ctx, wait) != nil {
			return nil, e
		}
	}
}

// backoff decides whether e is worth another attempt, and after how long.
func (a *API) backoff(op *operation, e *Error, attempt int, waited time.Duration) (time.Duration, bool) {
	const first, longest = 200 * time.Millisecond, 4 * time.Second
	if op.method != http.MethodGet || !e.transient || attempt >= maxAttempts {
		return 0, false
	}
	// Half fixed and half random, so that clients that failed together do not
	// come back together.
	wait := min(first<<(attempt-1), longest)
	wait = wait/2 + time.Duration(a.jitter()*float64(wait/2))
	// What the API asks for is a minimum.
	if e.RetryAfter > 0 {
		wait += e.RetryAfter
	}
	return wait, waited+wait <= a.retryBudget
}

// attempt gets a token and a slot and sends the request once. The token is
// returned whenever one was used.
func (a *API) attempt(ctx context.Context, c call, target *url.URL) (*reply, token, error) {
	tok, err := a.source.token(ctx)
	if err != nil {
		return nil, token{}, err
	}
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
		return nil, token{}, contextError(ctx, "waiting for other requests to the Tailscale API; this one was not sent")
	}
	if c.op.changes {
		if ctx.Err() != nil {
			return nil, token{}, contextError(ctx, "waiting to start; nothing was sent")
		}
		// A read that began before or during the change is answered to those who
		// wait for it, and to nobody who asks afterwards.
		defer func() {
			a.changes.Add(1)
			a.kept.drop()
		}()
		// A change under way is not abandoned because its caller went away:
		// nobody would learn what came of it. A deadline is another matter.
		deadline, limited := ctx.Deadline()
		ctx = context.WithoutCancel(ctx)
		if limited {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline)
			defer cancel()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	r, err := a.exchange(ctx, c, target, tok)
	return r, tok, err
}

func (a *API) logAttempt(ctx context.Context, op *operation, r *reply, err error, attempt int, took time.Duration) {
	if !a.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{slog.String("op", op.id), slog.Int("attempt", attempt), slog.Duration("took", took)}
	if err != nil {
		e := asError(op.id, err)
		attrs = append(attrs, slog.Int("status", e.Status), slog.String("code", string(e.Code)), slog.String("err", e.Message))
	} else {
		attrs = append(attrs, slog.Int("status", r.status), slog.Int("bytes", len(r.body)))
	}
	a.log.LogAttrs(ctx, slog.LevelDebug, "request to the Tailscale API", attrs...)
}
