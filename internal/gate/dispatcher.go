// SPDX-License-Identifier: MIT

package gate

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/audit"
	"tailscale-mcp/internal/caller"
	"tailscale-mcp/internal/cli/spelling"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate/code"
	"tailscale-mcp/internal/grant"
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
	// Meta is params._meta as the client sent it, for servers behind the gate.
	Meta json.RawMessage
	// Session is the id of the session that the request is part of; empty for none.
	Session string
	// Newer is set where the client speaks 2026-07-28 or later.
	Newer bool
	// Progress reports progress to the client; may be nil.
	Progress func(done, total float64, message string)
	// Logging is what the client hears of the log messages of a server behind the gate.
	Logging Logging
	// Answer looks up what the person said to the question with that key; nil
	// when the client cannot ask a person.
	Answer func(key string) Answer
	// Asking is what a server behind the gate can ask of the client, and how.
	Asking asking.Client
}

// Options are what a Dispatcher is made of; all are required but the limits, AskPerson,
// Charge, ChargeServers, Digest, Notice, Now and ReadsOnly.
type Options struct {
	Registry *Registry
	Audit    audit.Log
	// Digest makes the digest of arguments that records have; nil means
	// [audit.Digest].
	Digest func(arguments []byte) string
	Log    *slog.Logger
	// Capability is the name of the app capability that grants speak of.
	Capability string
	// Host names this host in refusals.
	Host func() Host
	// ReadsOnly says why nothing may be changed now, whatever is granted; empty: it
	// may. Nil never forbids anything.
	ReadsOnly func() string
	// Charge takes from the share of a caller what a change costs that begins, whatever
	// comes of it: its records push out older ones. An error refuses it. Nil charges
	// nothing.
	Charge func(caller string) error
	// ChargeServers is the same for what is asked of a server behind the gate.
	ChargeServers func(caller string) error
	// Notice is what whoami tells everybody about this host.
	Notice string
	// Limit is the largest answer in bytes; zero means DefaultLimit.
	Limit int
	// ResourceLimit is that of a resource; zero means DefaultResourceLimit.
	ResourceLimit int
	// AskPerson refuses destructive and escalating tools to clients that cannot
	// ask their person.
	AskPerson bool
	// Now is the clock that grants with an end and rates go by; nil means [time.Now].
	Now func() time.Time
}

// Dispatcher is the one path to everything that one server offers: this one, or one
// behind the gate.
type Dispatcher struct {
	registry *Registry
	// view is what the client of a request asks to be shown.
	view View
	// server is the server behind the gate that is asked; empty for our own.
	server     string
	audit      audit.Log
	digest     func([]byte) string
	notice     string
	log        *slog.Logger
	capability string
	host       func() Host
	readsOnly  func() string
	charge     func(caller string) error
	// chargeServers is charge of the dispatchers to servers.
	chargeServers func(caller string) error
	limit         int
	// resourceLimit is the limit of resources.
	resourceLimit int
	// cursorKey authenticates cursors; new with each process.
	cursorKey [32]byte
	codes     *code.Store
	askPerson bool
	now       func() time.Time
	rates     *rates
}

// NewDispatcher returns a Dispatcher.
func NewDispatcher(o Options) *Dispatcher {
	d := &Dispatcher{
		registry: o.Registry, audit: o.Audit, log: o.Log,
		capability: o.Capability, host: o.Host, readsOnly: o.ReadsOnly, charge: o.Charge, chargeServers: o.ChargeServers, digest: o.Digest, notice: o.Notice,
		limit: cmp.Or(o.Limit, DefaultLimit), resourceLimit: cmp.Or(o.ResourceLimit, DefaultResourceLimit),
		codes: &code.Store{}, askPerson: o.AskPerson, now: o.Now, rates: &rates{},
	}
	if d.readsOnly == nil {
		d.readsOnly = func() string { return "" }
	}
	if d.charge == nil {
		d.charge = func(string) error { return nil }
	}
	if d.chargeServers == nil {
		d.chargeServers = func(string) error { return nil }
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.digest == nil {
		d.digest = audit.Digest
	}
	_, _ = rand.Read(d.cursorKey[:]) // never fails, see crypto/rand
	return d
}

// Of returns the path to what a server behind the gate offers. It shares everything
// else with d, but for what a change costs, and for Options.AskPerson: of a server's tools
// its entry says which a person is asked about.
func (d *Dispatcher) Of(server string) *Dispatcher {
	other := *d
	other.server, other.askPerson = server, server == "" && d.askPerson
	if server != "" {
		other.charge = d.chargeServers
	}
	return &other
}

// Registry returns what the dispatcher serves from.
func (d *Dispatcher) Registry() *Registry { return d.registry }

// Snapshot returns what there is now. It never changes, and another pointer means
// that something did.
func (d *Dispatcher) Snapshot() *Snapshot { return d.registry.Of(d.server).Of(d.view) }

// Call runs the tool r.Name for c and returns its answer, or a [*Error] that
// the caller is told.
func (d *Dispatcher) Call(ctx context.Context, c caller.Caller, r Request) (Result, error) {
	now := d.Snapshot()
	t, ok := now.byName[r.Name]
	if !ok {
		return Result{}, d.noTool(ctx, c, r, now)
	}
	arguments, target := r.Arguments, t.touches(r.Arguments)
	return d.perform(ctx, c, r, job{
		snapshot: now,
		class:    t.Class, classFrom: t.ClassFrom,
		target:   &target,
		decision: d.mayCall(c, *t),
		refusal: func() *Error {
			return d.denied(c, "the tool "+t.Name, grant.Missing{Tools: []string{d.selector(t.Name)}})
		},
		timeout: t.Timeout,
		narrow:  t.Narrow,
		limit:   t.Limit,
		relayed: t.Server != "",
		run: func(ctx context.Context, call Call) (Result, error) {
			if t.AskPerson {
				if err := call.agreed(*t); err != nil {
					return Result{}, err
				}
			}
			return t.Call(ctx, call, arguments)
		},
	})
}

// Read returns the text of the resource r.Name and its MIME type.
func (d *Dispatcher) Read(ctx context.Context, c caller.Caller, r Request) (text, mimeType string, err error) {
	now := d.Snapshot()
	res, id, ok := now.resource(r.Name)
	if !ok {
		return "", "", d.unknown(ctx, c, r, "resource")
	}
	out, err := d.perform(ctx, c, r, job{
		snapshot: now,
		class:    grant.Read,
		decision: d.mayRead(c, res, r.Name),
		refusal: func() *Error {
			return d.denied(c, "the resource "+quote(r.Name), grant.Missing{Resources: d.selectors(r.Name)})
		},
		timeout: DefaultTimeout,
		narrow:  res.Narrow,
		limit:   d.resourceLimit,
		run: func(ctx context.Context, call Call) (Result, error) {
			return res.Read(ctx, call, id)
		},
	})
	if out.Structured != nil {
		return string(out.Structured), res.MIMEType, err
	}
	return out.Text, res.MIMEType, err
}

// Prompt writes the prompt r.Name with its arguments filled in.
func (d *Dispatcher) Prompt(ctx context.Context, c caller.Caller, r Request, arguments map[string]string) (Result, error) {
	now := d.Snapshot()
	p, ok := now.prompt(r.Name)
	if !ok {
		return Result{}, d.unknown(ctx, c, r, "prompt")
	}
	return d.perform(ctx, c, r, job{
		snapshot: now,
		class:    grant.Read,
		decision: d.mayPrompt(c, now, p),
		refusal:  func() *Error { return d.denied(c, "the prompt "+p.Name, d.missingPrompt(p)) },
		timeout:  cmp.Or(p.Timeout, DefaultTimeout),
		limit:    p.Limit,
		run: func(ctx context.Context, call Call) (Result, error) {
			for _, a := range p.Arguments {
				if a.Required && arguments[a.Name] == "" {
					return Result{}, failure.Invalidf(a.Name+" is "+a.Description, "the argument %s is required", quote(a.Name))
				}
			}
			return p.Get(ctx, call, arguments)
		},
	})
}

// noTool refuses a name that is none of a tool here. Who would be granted it is told why
// it is not offered, and anybody which of those that they may use may be meant.
func (d *Dispatcher) noTool(ctx context.Context, c caller.Caller, r Request, now *Snapshot) *Error {
	granted := func(t grant.Tool) bool { return d.rules(c).Tool(t).Allowed }
	if w, ok := now.missed(r.Name, granted); ok {
		told := notOffered(w)
		d.Refused(ctx, c, r, told.Message)
		return told
	}
	told := d.unknown(ctx, c, r, "tool")
	if !grant.IsToolName(r.Name) {
		return told
	}
	var may []string
	for _, t := range d.ToolsOf(now, c) {
		may = append(may, t.Name)
	}
	for _, w := range now.withheld {
		if granted(w.Tool) {
			may = append(may, w.Tool.Name)
		}
	}
	if near := spelling.Nearest(r.Name, may); near != "" {
		told.Next = "did you mean " + near + "? Else " + told.Next
	}
	return told
}

func (d *Dispatcher) unknown(ctx context.Context, c caller.Caller, r Request, kind string) *Error {
	d.Refused(ctx, c, r, "no such "+kind)
	told := Unknown(kind, r.Name)
	if d.view.Narrow() {
		why := d.view.reason()
		told.Message += ", and " + why.What
		told.Next += "; or " + why.Next
	}
	return told
}
