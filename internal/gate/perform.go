// SPDX-License-Identifier: MIT

package gate

import (
	"cmp"
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/visible"
)

// job is one decided thing to do, whatever kind it is.
type job struct {
	snapshot *Snapshot
	class    grant.Class
	// classFrom says where class comes from, if it is not the program's.
	classFrom string
	// target is what a change touches; nil for what changes nothing. It may be known
	// better once the job runs.
	target   *string
	decision grant.Decision
	refusal  func() *Error
	timeout  time.Duration
	narrow   string
	// limit takes the place of the dispatcher's usual one; zero leaves it.
	limit int
	// relayed is set for what a server behind the gate does, which is told when its caller
	// cancels, and decides itself what becomes of a change that has begun.
	relayed bool
	run     func(context.Context, Call) (Result, error)
}

// ErrCancelled is the cause with which the context of a request ends whose caller has
// said that it is cancelled. One who has only gone has said nothing.
var ErrCancelled = errors.New("the caller cancelled the request")

// staying is the context of a change: it goes on when its caller has gone. What is relayed
// ends when the caller cancels it.
func staying(ctx context.Context, relayed bool) (context.Context, func()) {
	on := context.WithoutCancel(ctx)
	if !relayed {
		return on, func() {}
	}
	on, end := context.WithCancelCause(on)
	stop := context.AfterFunc(ctx, func() {
		if why := context.Cause(ctx); errors.Is(why, ErrCancelled) {
			end(why)
		}
	})
	return on, func() { stop(); end(nil) }
}

// perform is the path: record the decision, refuse or run within bounds, record
// the outcome. Authorization and audit happen here, before any effect.
func (d *Dispatcher) perform(ctx context.Context, c caller.Caller, r Request, j job) (Result, error) {
	changes := j.class != grant.Read
	reason := ""
	permit := &permit{rates: d.rates, caller: c, now: d.now, terms: j.decision.Terms}
	if !j.decision.Allowed {
		reason = "no grant allows it"
	} else if told := permit.enter(); told != nil {
		reason, j.decision, j.refusal = told.Message, grant.Decision{}, func() *Error { return told }
	} else if changes {
		if why, told := d.notNow(c, r); told != nil {
			reason, j.decision, j.refusal = why, grant.Decision{}, func() *Error { return told }
		}
	}
	decision := d.record(c, r, j.class, j.decision, reason)
	decision.ClassFrom = j.classFrom
	if j.target != nil {
		decision.Target = *j.target
	}
	if err := d.write(ctx, decision); err != nil {
		d.log.Error("audit record lost", "err", err, "request", r.ID)
		if changes && j.decision.Allowed {
			return Result{}, unrecorded(err)
		}
	}
	if !j.decision.Allowed {
		return Result{}, shown(j.refusal())
	}

	outcome := decision
	outcome.Event = audit.Outcome
	if told := d.unasked(r, j.class); told != nil {
		outcome.Code, outcome.Reason = string(told.Code), told.Message
		d.finish(ctx, outcome)
		return Result{}, told
	}
	if ctx.Err() != nil {
		told := &Error{
			Code:    failure.Cancelled,
			Message: "the caller had gone before the call began; nothing was done",
			Next:    nextCancelled,
		}
		outcome.Code, outcome.Reason = string(told.Code), told.Message
		d.finish(ctx, outcome)
		return Result{}, told
	}
	// A change that has begun is not abandoned because its caller hung up:
	// half a change that nobody recorded is the worst of outcomes.
	if changes {
		var release func()
		ctx, release = staying(ctx, j.relayed)
		defer release()
	}
	ctx, cancel := context.WithTimeout(ctx, j.timeout)
	defer cancel()
	status, invocation := 0, ""
	start := time.Now()
	call := Call{Caller: c, Progress: r.progress(), dispatcher: d, snapshot: j.snapshot, request: r, permit: permit, target: j.target, status: &status, invocation: &invocation, asks: &asking.Count{}, taken: new([]func())}
	if changes {
		call.confirmed = d.confirming(ctx, c, r, j)
	}
	limit := cmp.Or(j.limit, d.limit)
	out, err := d.guarded(ctx, r, j, call, limit)
	if size := out.size(); err == nil && size > limit {
		err = tooLarge(size, limit, j.narrow, changes)
	}

	if j.target != nil {
		outcome.Target = *j.target
	}
	outcome.Duration, outcome.UpstreamStatus, outcome.Invocation = time.Since(start), status, invocation
	outcome.IsError, outcome.Bytes, outcome.Asked = out.IsError, len(out.Raw), call.asks.String()
	if err == nil {
		if out.IsError {
			outcome.Code = failure.ToolFailed
		}
		d.finish(ctx, outcome)
		return out, nil
	}
	told := explain(err, r.ID, changes)
	call.giveBack(told)
	if told.Code == failure.Internal {
		d.log.Error("tool failed", "name", r.Name, "request", r.ID, "err", err)
	}
	outcome.Code, outcome.Reason = string(told.Code), told.Message
	outcome.UpstreamStatus = cmp.Or(status, told.Status)
	naming := []failure.Code{failure.InvalidArgument, failure.NotFound, failure.Conflict}
	if told.Private || slices.Contains(naming, told.Code) {
		// The message may repeat an argument, and a record holds none: it
		// could be a secret in the wrong place.
		outcome.Reason = ""
	}
	d.finish(ctx, outcome)
	return Result{}, told
}

// notNow refuses a change that is granted, because of this host or of how many its
// caller begins; nil otherwise.
func (d *Dispatcher) notNow(c caller.Caller, r Request) (why string, told *Error) {
	if why := d.readsOnly(); why != "" {
		return why, onlyReads(why)
	}
	if err := d.charge(c.Key()); err != nil {
		told := explain(err, r.ID, false)
		return told.Message, told
	}
	return "", nil
}

// unasked refuses what can remove, disconnect or grant to a client that cannot ask
// its person, where this host wants persons asked; nil otherwise.
func (d *Dispatcher) unasked(r Request, class grant.Class) *Error {
	if !d.askPerson || r.Answer != nil || class != grant.Destructive && class != grant.Escalating {
		return nil
	}
	return &Error{
		Code:    failure.ConfirmationRequired,
		Message: "nothing was changed: on this host a person has to say yes to this tool, and this client cannot ask its person",
		Next: "use a client that can (elicitation of revision 2026-07-28, or an older client with elicitation through tailscale-mcp-proxy); " +
			"else an administrator of this host sets TAILSCALE_MCP_CONFIRM=code in /etc/tailscale-mcp.env",
	}
}

// guarded runs the job and turns a panic into an error, so that one bad call
// does not end everybody's server. What comes of it is shown, within limit where there
// is less to show.
func (d *Dispatcher) guarded(ctx context.Context, r Request, j job, call Call, limit int) (out Result, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("panic in a tool", "name", r.Name, "request", r.ID, "panic", p, "stack", string(debug.Stack()))
			err = errors.New("panic")
		}
	}()
	out, err = j.run(ctx, call)
	for err == nil {
		less := out.Less
		out.Less = nil
		out = out.shown()
		if less == nil || out.size() <= limit {
			return out, nil
		}
		out, err = less(out.size(), limit)
	}
	return Result{}, err
}

// shown is a copy in which nothing is hidden. Nearly all of an answer was written by
// others: nothing of it goes out unseen. explain does the same for errors. What a server
// behind the gate says is passed on as it is: it may be a file, to the byte.
func (r Result) shown() Result {
	r.Text = visible.Text(r.Text)
	r.Content, r.Structured, r.Meta = visible.JSON(r.Content), visible.JSON(r.Structured), visible.JSON(r.Meta)
	return r
}

// size is the length of the answer in bytes.
func (r Result) size() int {
	return len(r.Text) + len(r.Content) + len(r.Structured) + len(r.Meta) + len(r.Raw)
}

// progress reports progress to a client that wants to know.
func (r Request) progress() func(done, total float64, message string) {
	if r.Progress != nil {
		return r.Progress
	}
	return func(float64, float64, string) {}
}
