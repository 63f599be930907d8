// SPDX-License-Identifier: MIT

// Package pool has the processes of the servers behind the gateway: which caller has
// which, how many there may be, and when they end.
//
// A process belongs to one holder (a caller on a node, or a session of one), unless its
// server is shared. It is started by the first request that needs it and ends when no
// request was in flight for the idle time of its server. What there is, is shared out:
// a caller has at most four processes and starts them at a bounded rate; over its number,
// its own longest idle one goes, never one of somebody else. A server that keeps dying
// is started ever more rarely, for whom it died.
package pool

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/process"
)

const (
	// mostInAll is how many processes there may be.
	mostInAll = 128
	// mostOfCaller is how many of them one caller may have.
	mostOfCaller = 4
)

// Options are what a Pool is made of; all are required.
type Options struct {
	// Dial connects to what starts the server with that name.
	Dial func(ctx context.Context, server string) (net.Conn, error)
	// Heard gets the notifications of a process that belong to no request; it must not
	// block.
	Heard func(server, holder, method string, msg []byte)
	// Started is called with each new process, before anything is asked of it. It ends
	// with the error, if there is one.
	Started func(ctx context.Context, server, holder string, p *process.Process) error
	// Ended is called when a process that was started has ended, or is told to, with the
	// pool locked: it must not block, nor call the pool.
	Ended func(server, holder string)
	Log   *slog.Logger
}

// Holder is who a process belongs to.
type Holder struct {
	// Name tells holders apart: the key of the caller, or the id of a session.
	Name string
	// Caller is the key of the caller whose share it takes from.
	Caller string
	// ClientName and ClientVersion are what the client calls itself.
	ClientName, ClientVersion string
}

// Pool has the processes.
type Pool struct {
	o Options

	mu     sync.Mutex
	slots  map[key]*slot
	starts starts
	closed bool
	ending sync.WaitGroup // of the processes that are told to end
}

type key struct{ server, holder string }

// slot is the place of one process, from before it is started until it has ended.
type slot struct {
	key     key
	caller  string
	idle    time.Duration
	ready   chan struct{} // closed when process or err is there
	process *process.Process
	err     error
	uses    int // requests in flight, and those that wait for the start
	since   time.Time
	timer   *time.Timer // runs while nobody uses it
}

// New returns a Pool without processes.
func New(o Options) *Pool {
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
		p.drop(sl) // it has ended, and nobody has noticed yet
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
	return &failure.Error{
		Code: failure.UpstreamUnavailable, Message: err.Error(), Cause: err,
		Next: "an administrator of the host looks at: tailscale-mcp server show " + server,
	}
}

// begin makes a slot and starts its process. The caller of begin holds mu.
func (p *Pool) begin(s entry.Server, k key, h Holder) (*slot, *failure.Error) {
	if told := p.room(s, h); told != nil {
		return nil, told
	}
	if wait := p.starts.take(h.Caller, s.Name, time.Now()); wait > 0 {
		return nil, &failure.Error{
			Code:    failure.RateLimited,
			Message: fmt.Sprintf("the server %s was started too often for you, or ended too soon each time", s.Name),
			Next:    fmt.Sprintf("try again in %s", wait.Round(time.Second)+time.Second),
		}
	}
	caller := h.Caller
	if s.Shared {
		caller = "" // nobody's share
	}
	sl := &slot{key: k, caller: caller, idle: s.Idle, ready: make(chan struct{}), since: time.Now()}
	p.slots[k] = sl
	go p.start(s, sl, h)
	return sl, nil
}

// start starts the process of a slot. Whoever asked first may have gone by then: the
// process is for its holder, and not for one request.
func (p *Pool) start(s entry.Server, sl *slot, h Holder) {
	began := time.Now()
	proc, err := process.Start(context.Background(), process.Options{
		Server: s.Name,
		Dial:   func(ctx context.Context) (net.Conn, error) { return p.o.Dial(ctx, s.Name) },
		Heard: func(method string, msg []byte) {
			p.o.Heard(s.Name, sl.key.holder, method, msg)
		},
		ClientName: h.ClientName, ClientVersion: h.ClientVersion, Log: p.o.Log,
	})
	if err == nil {
		if err = p.o.Started(context.Background(), s.Name, sl.key.holder, proc); err != nil {
			p.ending.Go(func() { proc.End(errEnded) })
		}
	}
	p.mu.Lock()
	sl.process, sl.err = proc, err
	if err != nil {
		p.drop(sl)
		p.starts.died(h.Caller, s.Name, time.Now())
	}
	gone := p.slots[sl.key] != sl // told to end meanwhile
	p.mu.Unlock()
	close(sl.ready)
	if err != nil {
		p.o.Log.Warn("server not started", "server", s.Name, "err", err)
		return
	}
	if gone {
		proc.End(errEnded)
		return
	}
	p.o.Log.Info("server started", "server", s.Name, "for", sl.caller, "invocation", proc.Invocation(), "took", time.Since(began).Round(time.Millisecond))
	<-proc.Done()
	p.over(s, sl, h, began)
}

// earlyDeath is how soon a process has to end by itself to count as one that does not work.
const earlyDeath = 10 * time.Second

// over forgets a process that has ended by itself.
func (p *Pool) over(s entry.Server, sl *slot, h Holder, began time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.slots[sl.key] != sl {
		return // it was told to
	}
	p.drop(sl)
	if time.Since(began) < earlyDeath {
		p.starts.died(h.Caller, s.Name, time.Now())
	}
	p.o.Log.Info("server ended by itself", "server", s.Name, "for", sl.caller, "how", sl.process.Err())
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
	sl.timer = time.AfterFunc(sl.idle, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if sl.uses == 0 && p.slots[sl.key] == sl {
			p.o.Log.Info("server ended: idle", "server", sl.key.server, "for", sl.caller, "idle", sl.idle)
			p.end(sl)
		}
	})
}
