// SPDX-License-Identifier: MIT

package tool

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/tailnet"
)

// DefaultLimit is the largest answer in bytes. What is larger is refused with
// the narrowing to use; clients cut longer ones without telling the model.
const DefaultLimit = 96 << 10

// DefaultResourceLimit is the largest text of a resource in bytes. It is larger,
// because a person attaches a resource on purpose, and a file such as the
// tailnet policy has no narrower form.
const DefaultResourceLimit = 1 << 20

// Host is how a grant names this host.
type Host struct {
	// Name is the tag of the host, else its address: what goes into "dst".
	Name string
	Port uint16
}

// Request is one thing a caller asks for, without its identity.
type Request struct {
	// ID ties the records of one request together; ours, not the client's.
	ID string
	// ClientName and ClientVersion are what the client calls itself.
	ClientName, ClientVersion string
	// Claimed are identity headers that the client sent, for the record only.
	Claimed string
	// Method is the protocol's: tools/call, resources/read, ….
	Method string
	// Name is the tool, the URI or the prompt.
	Name string
	// Arguments are the arguments as the client sent them.
	Arguments json.RawMessage
	// Progress reports progress to the client; may be nil.
	Progress func(done, total float64, message string)
	// Answer looks up what the person said to the question with that key; nil
	// when the client cannot ask a person.
	Answer func(key string) Answer
}

// Options are what a Dispatcher is made of; all are required but the limits.
type Options struct {
	Registry *Registry
	Audit    audit.Log
	Log      *slog.Logger
	// Capability is the name of the app capability that grants speak of.
	Capability string
	// Host names this host in refusals.
	Host func() Host
	// Limit is the largest answer in bytes; zero means DefaultLimit.
	Limit int
	// ResourceLimit is that of a resource; zero means DefaultResourceLimit.
	ResourceLimit int
}

// Dispatcher is the one path to everything in the registry.
type Dispatcher struct {
	registry   *Registry
	audit      audit.Log
	log        *slog.Logger
	capability string
	host       func() Host
	limit      int
	// resourceLimit is the limit of resources.
	resourceLimit int
	// cursorKey authenticates cursors; new with each process.
	cursorKey [32]byte
}

// NewDispatcher returns a Dispatcher.
func NewDispatcher(o Options) *Dispatcher {
	d := &Dispatcher{
		registry: o.Registry, audit: o.Audit, log: o.Log,
		capability: o.Capability, host: o.Host,
		limit: cmp.Or(o.Limit, DefaultLimit), resourceLimit: cmp.Or(o.ResourceLimit, DefaultResourceLimit),
	}
	_, _ = rand.Read(d.cursorKey[:]) // never fails, see crypto/rand
	return d
}

// Registry returns what the dispatcher serves.
func (d *Dispatcher) Registry() *Registry { return d.registry }

// Call runs the tool r.Name for c and returns its answer as compact JSON, or an
// [*Error] that the caller is told.
func (d *Dispatcher) Call(ctx context.Context, c caller.Caller, r Request) (json.RawMessage, error) {
	t, ok := d.registry.byName[r.Name]
	if !ok {
		return nil, d.unknown(ctx, c, r, "tool")
	}
	return d.perform(ctx, c, r, job{
		class:    t.Class,
		decision: mayCall(c, t),
		refusal:  func() *Error { return d.denied(c, "the tool "+t.Name, []string{t.Name}, nil) },
		timeout:  t.Timeout,
		narrow:   t.Narrow,
		run: func(ctx context.Context) (json.RawMessage, error) {
			progress := r.Progress
			if progress == nil {
				progress = func(float64, float64, string) {}
			}
			if t.Class != grant.Read {
				ctx = tailnet.Fresh(ctx)
			}
			out, err := t.run(ctx, Call{Caller: c, Progress: progress, dispatcher: d, request: r}, r.Arguments)
			if err != nil {
				return nil, err
			}
			return json.Marshal(out)
		},
	})
}

// Read returns the text of the resource r.Name and its MIME type.
func (d *Dispatcher) Read(ctx context.Context, c caller.Caller, r Request) (text, mimeType string, err error) {
	res, id, ok := d.registry.resource(r.Name)
	if !ok {
		return "", "", d.unknown(ctx, c, r, "resource")
	}
	out, err := d.perform(ctx, c, r, job{
		class:    grant.Read,
		decision: mayRead(c, res, r.Name, id),
		refusal:  func() *Error { return d.denied(c, "the resource "+quote(r.Name), nil, selectors(r.Name)) },
		timeout:  DefaultTimeout,
		narrow:   res.Narrow,
		limit:    d.resourceLimit,
		run: func(ctx context.Context) (json.RawMessage, error) {
			text, err := res.Read(ctx, id)
			return json.RawMessage(text), err
		},
	})
	return string(out), res.MIMEType, err
}

// selectors are what a grant would say to allow uri, as a client wrote it. One
// that reads as a wider selector ("tailscale://device/*" is one, and so is
// "tailscale://device/{id}") must not be handed out to be pasted: nobody has
// asked for all of the family in words that an administrator would notice.
func selectors(uri string) []string {
	if !grant.IsURI(uri) {
		return nil
	}
	return []string{uri}
}

// Prompt writes the prompt r.Name with its arguments filled in.
func (d *Dispatcher) Prompt(ctx context.Context, c caller.Caller, r Request, arguments map[string]string) (string, error) {
	p, ok := d.registry.prompt(r.Name)
	if !ok {
		return "", d.unknown(ctx, c, r, "prompt")
	}
	out, err := d.perform(ctx, c, r, job{
		class:    grant.Read,
		decision: d.mayPrompt(c, p),
		refusal:  func() *Error { return d.denied(c, "the prompt "+p.Name, p.Tools, nil) },
		timeout:  DefaultTimeout,
		run: func(context.Context) (json.RawMessage, error) {
			for _, a := range p.Arguments {
				if a.Required && arguments[a.Name] == "" {
					return nil, Invalidf(a.Name+" is "+a.Description, "the argument %s is required", quote(a.Name))
				}
			}
			return json.RawMessage(p.Render(arguments)), nil
		},
	})
	return string(out), err
}

// Refused records a request that ended before it had a caller to decide about.
func (d *Dispatcher) Refused(ctx context.Context, c caller.Caller, r Request, reason string) {
	if err := d.write(ctx, record(c, r, "", grant.Decision{}, reason)); err != nil {
		d.log.Error("audit record lost", "err", err)
	}
}

// Listed records that a caller was shown shown of all things of a kind.
func (d *Dispatcher) Listed(ctx context.Context, c caller.Caller, r Request, shown, all int) {
	rec := record(c, r, grant.Read, grant.Decision{Allowed: true, By: "listing is filtered by grant"}, "")
	rec.Reason = fmt.Sprintf("%d of %d", shown, all)
	if err := d.write(ctx, rec); err != nil {
		d.log.Error("audit record lost", "err", err)
	}
}

func (d *Dispatcher) unknown(ctx context.Context, c caller.Caller, r Request, kind string) *Error {
	d.Refused(ctx, c, r, "no such "+kind)
	return Unknown(kind, r.Name)
}

// job is one decided thing to do, whatever kind it is.
type job struct {
	class    grant.Class
	decision grant.Decision
	refusal  func() *Error
	timeout  time.Duration
	narrow   string
	// limit takes the place of the dispatcher's usual one; zero leaves it.
	limit int
	run   func(context.Context) (json.RawMessage, error)
}

// perform is the path: record the decision, refuse or run within bounds, record
// the outcome. Authorization and audit happen here, before any effect.
func (d *Dispatcher) perform(ctx context.Context, c caller.Caller, r Request, j job) (json.RawMessage, error) {
	changes := j.class != grant.Read
	reason := ""
	if !j.decision.Allowed {
		reason = "no grant allows it"
	}
	if err := d.write(ctx, record(c, r, j.class, j.decision, reason)); err != nil {
		d.log.Error("audit record lost", "err", err, "request", r.ID)
		if changes && j.decision.Allowed {
			return nil, &Error{
				Code:    CodeAuditFailed,
				Message: "nothing was changed, because the audit record could not be written",
				Next:    "an administrator of this host checks its journal: journalctl -u tailscale-mcp",
			}
		}
	}
	if !j.decision.Allowed {
		return nil, j.refusal()
	}

	outcome := record(c, r, j.class, j.decision, "")
	outcome.Event = audit.Outcome
	if ctx.Err() != nil {
		told := &Error{
			Code:    CodeCancelled,
			Message: "the caller had gone before the call began; nothing was done",
			Next:    nextCancelled,
		}
		outcome.Code, outcome.Reason = told.Code, told.Message
		d.finish(ctx, outcome)
		return nil, told
	}
	// A change that has begun is not abandoned because its caller hung up:
	// half a change that nobody recorded is the worst of outcomes.
	if changes {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, j.timeout)
	defer cancel()
	trace := &tailnet.Trace{}
	start := time.Now()
	out, err := d.guarded(tailnet.WithTrace(ctx, trace), r, j)
	if limit := cmp.Or(j.limit, d.limit); err == nil && len(out) > limit {
		err = tooLarge(len(out), limit, j.narrow, changes)
	}

	outcome.Time, outcome.Duration, outcome.UpstreamStatus = time.Now(), time.Since(start), trace.Status()
	if err == nil {
		d.finish(ctx, outcome)
		return out, nil
	}
	told := explain(err, r.ID, changes)
	if told.Code == CodeInternal {
		d.log.Error("tool failed", "name", r.Name, "request", r.ID, "err", err)
	}
	outcome.Code, outcome.Reason = told.Code, told.Message
	naming := []string{CodeInvalidArgument, string(tailnet.CodeNotFound), string(tailnet.CodeConflict)}
	if told.private || slices.Contains(naming, told.Code) {
		// The message may repeat an argument, and a record holds none: it
		// could be a secret in the wrong place.
		outcome.Reason = ""
	}
	d.finish(ctx, outcome)
	return nil, told
}

// write writes a record, which is owed even when the caller has gone.
func (d *Dispatcher) write(ctx context.Context, r audit.Record) error {
	return d.audit.Write(context.WithoutCancel(ctx), r)
}

// finish records an outcome. What has happened has happened: a record that is
// lost here is an error in the log, not a different answer.
func (d *Dispatcher) finish(ctx context.Context, outcome audit.Record) {
	if err := d.write(ctx, outcome); err != nil {
		d.log.Error("audit record of an outcome lost", "err", err, "request", outcome.RequestID)
	}
}

// guarded runs the job and turns a panic into an error, so that one bad call
// does not end everybody's server.
func (d *Dispatcher) guarded(ctx context.Context, r Request, j job) (out json.RawMessage, err error) {
	defer func() {
		if p := recover(); p != nil {
			d.log.Error("panic in a tool", "name", r.Name, "request", r.ID, "panic", p, "stack", string(debug.Stack()))
			err = errors.New("panic")
		}
	}()
	return j.run(ctx)
}

func record(c caller.Caller, r Request, class grant.Class, decision grant.Decision, reason string) audit.Record {
	return audit.Record{
		Time: time.Now(), Event: audit.Decision, RequestID: r.ID,
		Login: c.Login, Tags: c.Tags, Node: c.Node, NodeID: c.NodeID, Addr: c.Addr,
		Claimed: bounded(r.Claimed), ClientName: bounded(r.ClientName), ClientVersion: bounded(r.ClientVersion),
		Method: bounded(r.Method), Name: bounded(r.Name), Class: string(class), Arguments: audit.Digest(r.Arguments),
		Allowed: decision.Allowed, By: decision.By, Reason: reason,
	}
}

// bounded is client text as a record takes it: valid and not too long. Writing
// it so that it cannot pass for another field or record is up to package audit.
func bounded(text string) string {
	const most = 512
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
