// SPDX-License-Identifier: MIT

// Package servers has the servers behind the gateway, as the folder of their entries says
// at each moment: what they offer goes into the registry of the gate, and what is asked of
// them goes to their processes.
//
// A server whose file appears, changes or vanishes does so without touching any other. What
// a process shows that is not what was approved is withheld until it is: from everybody, or
// from the holder of the process alone where the server was told something else of its client
// than when it was approved.
package servers

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/gate"
	"tailscale-mcp/internal/grant"
	"tailscale-mcp/internal/session"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/offer"
	"tailscale-mcp/internal/upstream/pin"
	"tailscale-mcp/internal/upstream/pool"
	"tailscale-mcp/internal/upstream/process"
	"tailscale-mcp/internal/upstream/remote"
)

// Options are what Servers are made of. All are required but Endings, Remote, Withheld, Counted,
// Every, ReadsOnly, Burst and AnswerTime.
type Options struct {
	// Dir is the folder of the entries.
	Dir string
	// Endings is the folder of the files by which an administrator ends what is open with a
	// server elsewhere (see [unit.EndingSuffix]); empty where nobody does.
	Endings string
	// Dial connects to what starts the server with that name.
	Dial func(ctx context.Context, server string) (net.Conn, error)
	// Remote reaches the servers that run elsewhere.
	Remote remote.Client
	// Registry gets what the servers offer.
	Registry *gate.Registry
	// Withheld is told what a process shows differently than it was approved, when that is
	// new, for the audit; nil for nobody.
	Withheld func(server string, what pin.Change)
	// Counted is told what becomes of starts, and must not block; nil counts nothing.
	Counted func(server string, what pool.Event)
	Log     *slog.Logger
	// Every is how often the folder is looked at; zero means one second.
	Every time.Duration
	// ReadsOnly withholds all tools but reads, since what changes something is refused where
	// its record has no file.
	ReadsOnly bool
	// Burst is how many processes a caller may start at once; zero means what package pool
	// allows.
	Burst int
	// AnswerTime is how long a client with a session may take to answer what it is asked;
	// zero means that of package session.
	AnswerTime time.Duration
}

// Servers are all servers behind the gateway.
type Servers struct {
	o        Options
	pool     *pool.Pool
	sessions *session.Table
	looking  looking

	mu    sync.Mutex
	known map[string]*server
	// ordered are the endings that have been obeyed, by server.
	ordered map[string]string
	// unread is why the folder could not be read the last time.
	unread error
}

// server is one of them, as its files were when they were read last.
type server struct {
	entry entry.Server
	pin   pin.Pin
	can   offer.Can // which follows from both
	// off: it cannot be served as its files are.
	off bool
	// stamp tells whether the files have changed since.
	stamp string
	// eras are what its processes have learned of it since; Servers.mu guards them.
	eras map[learner]*process.Eras
	// shown is what of the pin each process has shown differently, by its holder.
	shown map[string]shown
}

// shown is what of a pin one process has shown differently.
type shown struct {
	// to is what its client can be asked, as the process was told.
	to asking.Offers
	// why says for each thing why it is withheld.
	why map[item]string
}

// item names one thing of a pin.
type item struct {
	kind pin.Kind
	name string
}

// New returns Servers that know none yet: Follow makes them known.
func New(o Options) *Servers {
	if o.Every == 0 {
		o.Every = time.Second
	}
	if o.Remote.Log == nil {
		o.Remote.Log = o.Log
	}
	s := &Servers{o: o, known: map[string]*server{}}
	s.pool = pool.New(pool.Options{Dial: o.Dial, Link: o.Remote.To, Eras: s.eras, Burst: o.Burst, Log: o.Log, Counted: o.Counted, Started: s.started, Heard: s.heard, Ended: s.ended, Outside: s.outside})
	s.sessions = session.NewTable(s.pool.End, o.AnswerTime)
	return s
}

// Close ends all processes.
func (s *Servers) Close() { s.pool.Close() }

// Processes returns how many processes there are, by server; of those that have none,
// nothing.
func (s *Servers) Processes() map[string]int { return s.pool.Count() }

// About is what clients are told of a server before they ask it anything.
type About struct {
	// Title is how it calls itself for people, as far as it says so.
	Title                     pin.Title
	Instructions              string
	Tools, Prompts, Resources bool
	// What of its protocol is passed on.
	Subscribe, Logging, Completions bool
	// Shared is set where one process serves all callers.
	Shared bool
	// Asks is what it may ask of clients.
	Asks asking.Offers
}

// About returns that of a server, as it was approved.
func (s *Servers) About(name string) (About, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.known[name]
	if k == nil || k.off {
		return About{}, false
	}
	can, now := k.can, s.o.Registry.Of(name)
	a := About{
		Title: k.pin.Title,
		Tools: len(k.pin.Tools) > 0, Prompts: len(k.pin.Prompts) > 0, Resources: now.Others(), Completions: now.Completes(),
		Subscribe: now.Others() && can.Subscribe, Logging: can.Logging, Shared: k.entry.Shared,
		Asks: k.entry.Offers(),
	}
	if k.pin.Instructions != nil && k.withheld(item{pin.Instructions, ""}) == "" {
		_ = json.Unmarshal(k.pin.Instructions.Definition, &a.Instructions) // a string, or the pin had not been read
	}
	return a, true
}

// set makes a server known, or known anew, to the registry. The caller of set holds mu.
func (s *Servers) set(k *server) {
	s.known[k.entry.Name] = k
	k.can = offer.CanOf(k.entry, k.pin)
	withheld := func(kind pin.Kind, name string) bool { return k.withheld(item{kind, name}) != "" }
	name := k.entry.Name
	ceiling := k.entry.Allow
	if s.o.ReadsOnly {
		ceiling = slices.DeleteFunc(slices.Clone(ceiling), func(c grant.Class) bool { return c != grant.Read })
	}
	for _, err := range s.o.Registry.Set(name, ceiling, offer.Of(k.entry, k.pin, withheld, s.asking(name))) {
		s.o.Log.Warn("withheld: it cannot be served", "server", name, "why", err)
	}
}

// asking is how what a server offers is asked for.
func (s *Servers) asking(name string) offer.Ask {
	return func(ctx context.Context, call gate.Call, what offer.What, method string, params json.RawMessage) (json.RawMessage, error) {
		s.mu.Lock()
		k := s.known[name]
		s.mu.Unlock()
		if k == nil {
			return nil, &failure.Error{Code: failure.UnknownName, Message: "the server " + name + " is no longer there", Next: "ask an administrator of the host"}
		}
		result, err := s.ask(ctx, k, call, what, method, params)
		// A server elsewhere that has forgotten a session has not looked at the request.
		if ended := (*process.Ended)(nil); errors.As(err, &ended) && ended.Untouched && !k.entry.Stateful {
			return s.ask(ctx, k, call, what, method, params)
		}
		return result, err
	}
}

// ask asks the process of a call.
func (s *Servers) ask(ctx context.Context, k *server, call gate.Call, what offer.What, method string, params json.RawMessage) (json.RawMessage, error) {
	name := k.entry.Name
	h := holder(k.entry, call)
	p, release, err := s.use(ctx, k.entry, h, call.Session())
	if err != nil {
		return nil, err
	}
	defer release()
	call.RanIn(p.Invocation())
	if why := s.why(name, h, item{what.Kind, what.Name}); why != "" {
		return nil, &failure.Error{
			Code: failure.AccessDenied, Message: fmt.Sprintf("the %s %s of the server %s is %s since it was approved, and so withheld", what.Kind, what.Name, name, why),
			Next: "an administrator of the host looks at it: sudo tailscale-mcp server approve " + name,
		}
	}
	logging := call.Logging()
	result, err := p.Ask(ctx, process.Question{
		Method: method, Params: params, ClientMeta: call.Meta(), Meta: identity(k.entry, call),
		Progress: progress(call), Logged: logging.Tell, Level: logging.Level, Hears: logging.Hears, Asking: call.Asking(), Header: identityHeader(k.entry, call),
	})
	var told *failure.Error
	if err != nil && errors.As(context.Cause(ctx), &told) {
		return nil, told // it says more about why it was cancelled
	}
	if ended := (*process.Ended)(nil); errors.As(err, &ended) {
		select { // so that the next request finds another
		case <-p.Done():
		case <-ctx.Done():
		}
	}
	return result, err
}

// why says why a thing is withheld from a holder now.
func (s *Servers) why(name string, h pool.Holder, i item) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.known[name]
	if k == nil {
		return ""
	}
	return cmp.Or(k.withheld(i), k.shown[h.Name].why[i], k.changedFor(h.Offers, i))
}

// progress passes on how far a call is; nil if its client has not asked to be told.
func progress(call gate.Call) func(params json.RawMessage) {
	if !call.Watched() {
		return nil
	}
	return func(params json.RawMessage) {
		var p struct {
			Progress float64 `json:"progress"`
			Total    float64 `json:"total"`
			Message  string  `json:"message"`
		}
		if json.Unmarshal(params, &p) == nil {
			call.Progress(p.Progress, p.Total, p.Message)
		}
	}
}
