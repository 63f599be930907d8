// SPDX-License-Identifier: MIT

// Package pool has the processes of the servers behind the gateway: which caller has
// which, how many there may be, and when they end.
//
// A process belongs to one holder (a caller on a node, or a session of one), unless its
// server is shared. It is started by the first request that needs it and ends when no
// request was in flight for the idle time of its server. What there is, is shared out:
// a caller has at most four processes and starts them at a bounded rate; over its number,
// its own longest idle one goes. Somebody else's goes for a caller who has none where there
// can be no more: an idle one of who has most, and the only one of its caller when it was
// idle for a minute. A server that keeps dying
// is started ever more rarely, for whom it died. Only a few are started at the same time,
// fairly between callers, so that neither systemd nor the host is overwhelmed; who waits in
// vain is told so.
package pool

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/process"
)

const (
	// mostInAll is how many processes there may be.
	mostInAll = 128
	// mostOfCaller is how many of them one caller may have.
	mostOfCaller = 4
)

// Options are what a Pool is made of; all are required but Link, Eras, Outside, Burst and Counted.
type Options struct {
	// Dial connects to what starts the server with that name.
	Dial func(ctx context.Context, server string) (net.Conn, error)
	// Link returns what makes a session with a server that runs elsewhere, and nil for one
	// that is started here; nil where there are none of the former.
	Link func(s entry.Server) func(ctx context.Context, room jsonrpc.Room) (process.Link, error)
	// Eras returns what the processes of a server have learned of its eras, as its entry and
	// its pin are now: those of a caller, whose clients could be asked the same. Nil where
	// nothing is to be remembered; the caller is empty for a shared process.
	Eras func(server, caller string, offers asking.Offers) *process.Eras
	// Heard gets the notifications of a process that belong to no request; it must not
	// block.
	Heard func(server, holder, method string, msg []byte)
	// Started is called with each new process, before anything is asked of it. It ends
	// with the error, if there is one; with [ErrEra] another takes its place.
	Started func(ctx context.Context, server, holder string, p *process.Process) error
	// Outside is how the client of a holder is asked what belongs to no request, nil while
	// nobody listens; it must not block. Nil for never.
	Outside func(server, holder string) asking.Func
	// Ended is called when a process that was started has ended, or is told to, with the
	// pool locked: it must not block, nor call the pool.
	Ended func(server, holder string)
	// Burst is how many processes a caller may start at once; zero means 12.
	Burst int
	// Counted is told what becomes of starts, for the metrics, and must not block; nil
	// counts nothing.
	Counted func(server string, what Event)
	Log     *slog.Logger
}

// Event is what becomes of a start.
type Event string

// The events.
const (
	Started    Event = "started"
	NotStarted Event = "not_started"
	// DiedEarly is a process that was started and has ended by itself at once.
	DiedEarly Event = "died_early"
)

// Holder is who a process belongs to.
type Holder struct {
	// Name tells holders apart: the key of the caller, or the id of a session.
	Name string
	// Caller is the key of the caller whose share it takes from.
	Caller string
	// ClientName and ClientVersion are what the client calls itself.
	ClientName, ClientVersion string
	// Newer is set where its client is of 2026-07-28.
	Newer bool
	// Offers are what the process is told that its client can be asked.
	Offers asking.Offers
}

// Pool has the processes.
type Pool struct {
	o Options

	mu     sync.Mutex
	slots  map[key]*slot
	starts starts
	closed *failure.Error // why there are no new processes; nil while there are
	ending sync.WaitGroup // of the processes that start, run, or are told to end
	turns  turns
	// reading is the memory of messages of which the end has yet to come.
	reading process.Room
}

type key struct{ server, holder string }

// slot is the place of one process, from before it is started until it has ended.
type slot struct {
	key     key
	caller  string // whose share it takes from; empty for a shared one
	starter string // the caller who had it started
	idle    time.Duration
	ready   chan struct{} // closed when process or err is there
	process *process.Process
	err     error
	stop    func() // gives up its start
	queued  bool   // it waits for its turn to be started
	began   time.Time
	uses    int // requests in flight, and those that wait for the start
	since   time.Time
	timer   *time.Timer // runs while nobody uses it
}

// New returns a Pool without processes.
func New(o Options) *Pool {
	o.Burst = cmp.Or(o.Burst, startBurst)
	return &Pool{o: o, slots: map[key]*slot{}, starts: starts{}}
}

// Use returns the process of a holder, which is started if there is none, and what gives
// it back. The error is a *[failure.Error] for the caller.
func (p *Pool) Use(ctx context.Context, s entry.Server, h Holder) (*process.Process, func(), error) {
	k := key{s.Name, h.Name}
	if s.Shared {
		k.holder = ""
	}
	p.mu.Lock()
	sl := p.slots[k]
	if sl != nil && sl.process != nil && sl.process.Err() != nil {
		p.over(sl) // it has ended, and nobody has noticed yet
		sl = nil
	}
	if sl == nil {
		var told *failure.Error
		if sl, told = p.begin(s, k, h); told != nil {
			p.mu.Unlock()
			return nil, nil, told
		}
	}
	sl.uses++
	if sl.timer != nil {
		sl.timer.Stop()
		sl.timer = nil
	}
	p.mu.Unlock()
	release := func() { p.release(sl) }
	select {
	case <-sl.ready:
	case <-ctx.Done():
		release()
		return nil, nil, ctx.Err()
	}
	if sl.err != nil {
		release()
		return nil, nil, unusable(s.Name, sl.err)
	}
	return sl.process, release, nil
}

// unusable is what a caller is told whose server did not start.
func unusable(server string, err error) *failure.Error {
	var told *failure.Error
	if errors.As(err, &told) {
		return told
	}
	return &failure.Error{
		Code: failure.UpstreamUnavailable, Message: err.Error(), Cause: err,
		Next: "an administrator of the host looks at: tailscale-mcp server show " + server,
	}
}

// drop takes a slot out. The caller of drop holds mu.
func (p *Pool) drop(sl *slot) {
	if sl.timer != nil {
		sl.timer.Stop()
	}
	if p.slots[sl.key] == sl {
		delete(p.slots, sl.key)
		p.o.Ended(sl.key.server, sl.key.holder)
	}
}

var errEnded = errors.New("the process was ended by the gateway")

// end has the process of a slot end, of which mu is held by the caller of end.
func (p *Pool) end(sl *slot) {
	p.drop(sl)
	sl.stop()
	if sl.process == nil {
		return // start sees to it
	}
	p.ending.Go(func() { sl.process.End(errEnded) })
}

// release gives a process back, which ends when nobody uses it for its idle time.
func (p *Pool) release(sl *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	sl.uses--
	sl.since = time.Now()
	if sl.uses > 0 || p.slots[sl.key] != sl {
		return
	}
	if sl.queued { // and nobody waits for it any more
		p.end(sl)
		return
	}
	sl.timer = time.AfterFunc(sl.idle, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if sl.uses == 0 && p.slots[sl.key] == sl {
			p.o.Log.Info("server ended: idle", "server", sl.key.server, "for", sl.caller, "idle", sl.idle)
			p.end(sl)
		}
	})
}
