// SPDX-License-Identifier: MIT

// Package process speaks MCP with one running server behind the gateway, over the
// connection to its launcher or over HTTP.
//
// A server is spoken to in the era of its client if it knows that, and else in its own: in
// the older it has a session as long as it runs; in the newer each request says itself who
// asks. Ids and progress tokens are the package's own, so that requests of several clients
// cannot be taken for each other; results pass as the bytes that the server wrote.
//
// Whatever the server does, its process is bounded: in the size of a message, in what
// waits for an answer, in how long it may leave its stdin unread. What is no message is
// dropped and counted. Every request ends with an answer of the server or one error, which
// says how the server ended, with the last line of its stderr.
package process

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/jsonrpc"
)

const (
	// mostPending is how many requests may wait for an answer of one process.
	mostPending = 1024
	// mostReplies is how many replies to requests of its own a server may leave unread.
	mostReplies = 256
	// mostSaid is how many notifications that belong to one request may wait for its client,
	// which may read slowly: the process of others is not to wait for it.
	mostSaid = 64
	// mostSaidSize is how large one of them may be, in bytes.
	mostSaidSize = 16 << 10
	// writeTime is how long a server may leave its stdin unread.
	writeTime = 30 * time.Second
	// mostFirst bounds the id of the first request of a process. It is by chance: there are
	// relays that share one server between their clients and tell the answers to all of them.
	mostFirst = 1 << 30
	// startTime is how long it may take until it has said what it is.
	startTime = time.Minute
	// endTime is how long a process may take to end once it is told to: longer than its
	// launcher and systemd take together.
	endTime = 15 * time.Second
)

// Options are what a process is started with. All are required but Room, Shared, Newer, Eras,
// Offers and Outside, and one of Dial and Link.
type Options struct {
	// Server is the name of the server, for errors and the log.
	Server string
	// Dial connects to what starts it: the socket of its unit.
	Dial func(ctx context.Context) (net.Conn, error)
	// Link, if it is not nil, is asked in place of Dial: for a server that runs elsewhere.
	Link func(ctx context.Context, room jsonrpc.Room) (Link, error)
	// ClientName and ClientVersion are who asks, as the server is told.
	ClientName, ClientVersion string
	// Heard gets the notifications that belong to no request, in their order; it must
	// not block. The message belongs to it.
	Heard func(method string, msg []byte)
	// Shared is set where the process serves all callers.
	Shared bool
	// Newer is set where the client is of 2026-07-28: the server is asked for that era first.
	Newer bool
	// Eras is what other processes of the server have learned; nil for nothing.
	Eras *Eras
	// Room is what long messages take while they are read; nil bounds each process alone.
	Room jsonrpc.Room
	Log  *slog.Logger
	// Offers are what the server is told that its client can be asked; zero for nothing.
	Offers asking.Offers
	// Outside is how the client is asked what the server asks outside of any request, nil
	// while it does not listen; it must not block. Without it such questions are refused.
	Outside func() asking.Func
}

// Process is one running server.
type Process struct {
	o      Options
	link   Link
	modern atomic.Bool
	hello  Hello

	replies chan []byte // to requests of the server
	// listening has an element while the server is asked to tell of changes.
	listening chan struct{}
	// raising has an element while the server is told which log messages to send.
	raising chan struct{}

	mu       sync.Mutex
	last     int64 // id given out
	pending  map[int64]*pending
	standing standing
	posed    posed
	outside  *rate.Limiter // of questions outside of any request
	rubbish  int           // lines that were no message, and messages that were for nobody
	silence  silence
	err      error
	done     chan struct{}
}

// Hello is what a server says of itself when it is asked for the first time.
type Hello struct {
	Name, Version string
	// Title and Description are for people; few servers have them.
	Title, Description string
	// Revision is that of the protocol that is spoken with it.
	Revision     string
	Instructions string
	Capabilities json.RawMessage
}

// pending is a request that waits.
type pending struct {
	answer chan Answer // has room for one
	// said is what its client is to be told before the answer, by progress or logged; each is
	// nil where nobody asked for it.
	said             chan func()
	progress, logged func(params json.RawMessage)
	level            string      // of logged
	hears            func() bool // whether logged is heard now; nil for always
	// acknowledged has room for one; of subscriptions/listen.
	acknowledged chan struct{}

	asking asking.Client
	ctx    context.Context // ends with the request
	over   context.CancelFunc
	left   chan struct{} // closed when nobody waits for its answer any more
	asked  []*question   // that wait; Process.mu guards it
	total  int           // that it was asked, too
}

// Start starts a server and returns when it has said what it is. ctx bounds the start,
// not the process.
func Start(ctx context.Context, o Options) (*Process, error) {
	if o.Eras == nil {
		o.Eras = new(Eras)
	}
	newer := o.Eras.first(o.Newer)
	p, begun, err := start(ctx, o, newer)
	if err == nil || !newer || !begun || o.Link != nil || ctx.Err() != nil {
		return p, err
	}
	// Some servers do not survive a question that they do not know.
	o.Log.Debug("server started anew, in the older era", "server", o.Server, "why", err)
	p, _, err = start(ctx, o, false)
	if err == nil && !p.modern.Load() {
		o.Eras.note(no, unknown)
	}
	return p, err
}

// start starts a server once, and asks it for the newer era first or for the older. With an
// error there is none; begun is whether one has begun to run.
func start(ctx context.Context, o Options, newer bool) (p *Process, begun bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	link, err := o.link(ctx)
	if err != nil {
		return nil, false, fmt.Errorf("the server %s cannot be started: %w", o.Server, err)
	}
	p = newProcess(o, link)
	go p.read()
	go p.reply()
	if err := p.greet(ctx, newer); err != nil {
		p.kill(err)
		var ended *Ended
		return nil, !errors.As(err, &ended) || !ended.NotStarted, p.told(err)
	}
	if p.modern.Load() {
		go p.hearLists(context.WithoutCancel(ctx))
	}
	return p, true, nil
}

func (o Options) link(ctx context.Context) (Link, error) {
	if o.Link != nil {
		return o.Link(ctx, o.Room)
	}
	conn, err := o.Dial(ctx)
	if err != nil {
		return nil, err
	}
	return newPipe(o.Server, conn, o.Room), nil
}

func newProcess(o Options, link Link) *Process {
	return &Process{
		o: o, link: link, pending: map[int64]*pending{}, outside: rate.NewLimiter(rate.Every(outsideEvery), outsideBurst),
		last:    rand.Int64N(mostFirst), //nolint:gosec // ids are no secret
		replies: make(chan []byte, mostReplies), raising: make(chan struct{}, 1), listening: make(chan struct{}, 1), done: make(chan struct{}),
	}
}

// Newer reports whether the server is spoken to in the newer era.
func (p *Process) Newer() bool { return p.modern.Load() }

// Hello returns what the server said of itself.
func (p *Process) Hello() Hello { return p.hello }

// Offers are what the server was told that its client can be asked.
func (p *Process) Offers() asking.Offers { return p.o.Offers }

// Invocation is the invocation id of the unit that runs the server, by which the journal
// has what it wrote to stderr; empty where no unit does.
func (p *Process) Invocation() string { return p.link.Invocation() }

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Err says how the process ended; nil while it runs.
func (p *Process) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// InFlight is how many requests wait for an answer, but for one that is to stay open.
func (p *Process) InFlight() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending[p.standing.listen] != nil {
		return len(p.pending) - 1
	}
	return len(p.pending)
}

// End has the server end, by the end of its stdin, and returns when it has, or when it
// was cut off because it did not. Requests that still wait are answered with why.
func (p *Process) End(why error) {
	if p.link.Finish() {
		timer := time.NewTimer(endTime)
		defer timer.Stop()
		select {
		case <-p.done:
			return
		case <-timer.C:
		}
	}
	p.kill(why)
	<-p.done
}

// Cut has the server end at once. Requests that still wait are answered with why.
func (p *Process) Cut(why error) { p.kill(why) }

// kill cuts the link, whereupon the launcher ends and systemd ends what is left.
func (p *Process) kill(why error) {
	p.mu.Lock()
	if p.err == nil && why != nil {
		p.err = why
	}
	p.mu.Unlock()
	p.link.Cut()
}

// send sends one message, which is no request.
func (p *Process) send(msg []byte) error { return p.sendWith(msg, nil) }

// sendWith sends one message, with headers where there are any. When that cannot be done,
// the process is over.
func (p *Process) sendWith(msg []byte, h http.Header) error {
	err := p.link.Send(msg, h)
	var over *lost
	if err == nil || !errors.As(err, &over) {
		return err
	}
	if over.slow {
		p.kill(err)
	}
	select {
	case <-p.done:
	case <-time.After(time.Second): // the reader says more about how it ended
		p.kill(err)
		<-p.done
	}
	return p.Err()
}
