// SPDX-License-Identifier: MIT

package tsapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"tailscale-mcp/internal/flight"
	"tailscale-mcp/internal/redact"
	"tailscale-mcp/internal/tsapi/fault"
	"tailscale-mcp/internal/tsapi/token"
)

// reply is a 2xx answer, complete.
type reply struct {
	status      int
	contentType string
	etag        string // as the header had it, quotes and all
	body        []byte
	release     func() // gives slot and share back; called once the body is decoded
}

// maxAttempts bounds how often one read is sent.
const maxAttempts = 4

// do sends a request and decodes its answer. decode is given the whole body; its
// error's text becomes part of the message, so it must quote nothing.
func do[T any](ctx context.Context, a *API, r Request, decode func(*reply) (T, error)) (T, error) {
	var zero T
	if err := r.prepare(); err != nil {
		return zero, a.explain(r.op, err)
	}
	if !r.op.changes {
		return read(ctx, a, &r, decode)
	}
	answer, err := a.run(ctx, &r)
	if err != nil {
		return zero, a.inAll(ctx, r.op, a.explain(r.op, err))
	}
	defer answer.release()
	value, err := decode(answer)
	if err != nil {
		return zero, made(r.op, decodingError(r.op, answer, err))
	}
	return value, nil
}

// read makes identical reads under way once, decode included: the value may be
// shared between callers, so it must not be modified.
func read[T any](ctx context.Context, a *API, r *Request, decode func(*reply) (T, error)) (T, error) {
	var zero T
	// A read that starts after a change must see it, one with another credential
	// sees other things, and what is decoded into another type is another answer.
	key := fmt.Sprintf("%d %d %T %s", a.changes.Load(), a.source.Version(), zero, r.key())
	if found, ok := a.kept.get(ctx, key).(result[T]); ok {
		traceOf(ctx).add(found.status, 0)
		return found.value, nil
	}
	// Of the requests that this caller's read makes; none when it joins another.
	var sent Trace
	// Who joins a read waits in the queue of the one who began it, so only a caller's
	// own are joined. What was read is kept for everybody.
	caller := callerOf(ctx)
	value, err := a.reads.Do(ctx, caller+" "+key, func(ctx context.Context) (any, error) {
		// Repetitions and all: whoever waits, waits no longer than this.
		ctx, cancel := context.WithTimeout(OnBehalf(WithTrace(ctx, &sent), caller), 2*a.timeout)
		defer cancel()
		answer, err := a.run(ctx, r)
		if err != nil {
			return nil, err
		}
		defer answer.release()
		v, err := decode(answer)
		if err != nil {
			return nil, decodingError(r.op, answer, err)
		}
		// Before the flight ends: whoever asks after it is given this, or starts
		// another, the answer of which is newer.
		done := result[T]{v, sent.Status()}
		a.kept.put(key, done, weight(v, len(answer.body)))
		return done, nil
	})
	trace := traceOf(ctx)
	trace.add(sent.Status(), sent.Requests())
	if err != nil {
		if ctx.Err() != nil {
			err = fault.Ended(ctx, "waiting for the answer")
		}
		e := a.inAll(ctx, r.op, a.explain(r.op, err))
		trace.add(e.Status, 0)
		return zero, e
	}
	done := value.(result[T])
	trace.add(done.status, 0)
	return done.value, nil
}

// result is what a flight hands to everyone who waited for it.
type result[T any] struct {
	value  T
	status int
}

// explain completes an error that other calls may share: a copy with the
// operation's name.
func (a *API) explain(op *operation, err error) *Error {
	var known *Error
	var p *flight.Panic
	switch {
	case errors.As(err, &known):
	case errors.As(err, &p):
		a.log.Error("panic in a call of the Tailscale API", "op", op.id, "panic", p.Value, "stack", string(p.Stack))
	default:
		a.log.Error("defect in a call of the Tailscale API", "op", op.id, "err", redact.Text(err.Error(), a.source.Secrets()...))
	}
	e := *fault.Of(op.id, err)
	e.Op = op.id
	return &e
}

// run sends a request, repeating a read as its budget allows.
func (a *API) run(ctx context.Context, r *Request) (*reply, error) {
	target, err := a.target(r.op, r.Params)
	if err != nil {
		return nil, err
	}
	target.RawQuery = r.Query.Encode()

	var waited time.Duration
	renewed := false
	for attempt := 1; ; attempt++ {
		start := time.Now()
		answer, tok, err := a.attempt(ctx, r, target)
		a.logAttempt(ctx, r.op, answer, err, attempt, time.Since(start))
		if err == nil {
			return answer, nil
		}
		e := a.explain(r.op, err)
		// A token may end before its time, when somebody revokes it. The
		// request was refused at the door, so a change too may be sent again.
		if e.Status == http.StatusUnauthorized && !tok.IsZero() && !renewed && a.source.Refused(tok) {
			renewed = true
			continue
		}
		wait, again := a.backoff(r.op, e, attempt, waited)
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
	if op.method != http.MethodGet || !e.Transient || attempt >= maxAttempts {
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

// attempt sends the request once, when nothing speaks against it: no hold, the
// caller's quota, a token and a slot. The token is returned whenever one was used.
// Whoever is given a reply releases it, and with it the slot.
func (a *API) attempt(ctx context.Context, r *Request, target *url.URL) (answer *reply, tok token.Token, err error) {
	caller := callerOf(ctx)
	// The hold first, so that what it refuses is not counted; the few whom it meets
	// once they have a slot are.
	if e := a.hold.Check(); e != nil {
		return nil, token.Token{}, unsent(r.op, e)
	}
	if e := a.quotas.Take(caller); e != nil {
		return nil, token.Token{}, unsent(r.op, e)
	}
	if tok, err = a.source.Token(ctx); err != nil {
		// It is the same host, and without a token no call gets further.
		e := *fault.Of(r.op.id, err) // others may have the same
		if e.Status == http.StatusTooManyRequests {
			a.hold.Begin(&e)
		}
		return nil, token.Token{}, &e
	}
	if err := a.slots.Take(ctx, caller); err != nil {
		return nil, token.Token{}, unsent(r.op, fault.Of(r.op.id, err))
	}
	if ctx.Err() != nil {
		a.slots.Give(caller)
		return nil, token.Token{}, fault.Ended(ctx, "waiting to start; nothing was sent")
	}
	taken := a.budget.Share()
	release := func() { taken.Close(); a.slots.Give(caller) }
	defer func() {
		if answer != nil {
			answer.release = release
		} else {
			release()
		}
	}()
	// There may be a hold by now: many wait for slots when it begins.
	leave, err := a.hold.Enter(ctx)
	if err != nil {
		return nil, token.Token{}, unsent(r.op, fault.Of(r.op.id, err))
	}
	defer func() { leave(err) }()
	if r.op.changes {
		// A read that began before or during the change is answered to those who
		// wait for it, and to nobody who asks afterwards.
		defer func() {
			a.changes.Add(1)
			a.kept.drop()
		}()
		// A change under way is not abandoned because its caller went away:
		// nobody would learn what came of it. A deadline is another matter.
		deadline, ends := ctx.Deadline()
		ctx = context.WithoutCancel(ctx)
		if ends {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline)
			defer cancel()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	start := time.Now()
	answer, err = a.exchange(ctx, r, target, tok, taken)
	took := time.Since(start)
	if err != nil {
		e := fault.Of(r.op.id, err)
		a.observe(r.op.id, e.Status, e.Code, took)
		return nil, tok, e
	}
	a.observe(r.op.id, answer.status, "", took)
	return answer, tok, nil
}

func (a *API) logAttempt(ctx context.Context, op *operation, answer *reply, err error, attempt int, took time.Duration) {
	if !a.log.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{slog.String("op", op.id), slog.Int("attempt", attempt), slog.Duration("took", took)}
	if err != nil {
		e := fault.Of(op.id, err)
		attrs = append(attrs, slog.Int("status", e.Status), slog.String("code", string(e.Code)), slog.String("err", e.Message))
	} else {
		attrs = append(attrs, slog.Int("status", answer.status), slog.Int("bytes", len(answer.body)))
	}
	a.log.LogAttrs(ctx, slog.LevelDebug, "request to the Tailscale API", attrs...)
}
