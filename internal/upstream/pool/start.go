// SPDX-License-Identifier: MIT

package pool

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"tailscale-mcp/internal/asking"
	"tailscale-mcp/internal/failure"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/entry"
	"tailscale-mcp/internal/upstream/process"
)

const (
	// earlyDeath is how soon a process has to end by itself to count as one that does not
	// work.
	earlyDeath = 10 * time.Second
	// lookTime is how long a new process may take to say what it offers.
	lookTime = time.Minute
)

// begin makes a slot and has its process started. The caller of begin holds mu.
func (p *Pool) begin(s entry.Server, k key, h Holder) (*slot, *failure.Error) {
	if told := p.room(s, h); told != nil {
		return nil, told
	}
	if wait := p.starts.take(h.Caller, s.Name, p.o.Burst, time.Now()); wait > 0 {
		return nil, &failure.Error{
			Code:    failure.RateLimited,
			Message: fmt.Sprintf("the server %s was started too often for you, or ended too soon each time", s.Name),
			Next:    fmt.Sprintf("try again in %s", wait.Round(time.Second)+time.Second),
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	sl := &slot{key: k, caller: h.Caller, starter: h.Caller, idle: s.Idle, ready: make(chan struct{}), stop: stop, queued: true, since: time.Now()}
	if s.Shared {
		sl.caller = "" // nobody's share
	}
	p.slots[k] = sl
	p.ending.Go(func() { p.start(ctx, s, sl, h) })
	return sl, nil
}

// start starts the process of a slot and follows it to its end; ctx ends when the start is
// given up. Whoever asked first may have gone once it has begun: the process is for its
// holder, and not for one request.
func (p *Pool) start(ctx context.Context, s entry.Server, sl *slot, h Holder) {
	defer sl.stop()
	proc, err := p.launch(ctx, s, sl, h)
	p.mu.Lock()
	gone := p.slots[sl.key] != sl // told to end meanwhile
	var waited *failure.Error
	switch {
	case gone && p.closed != nil:
		err = errors.Join(p.closed, err)
	case gone:
		err = &failure.Error{Code: failure.UpstreamUnavailable, Message: "the start of the server " + s.Name + " was given up", Next: "try again", Cause: err}
	case err != nil && !errors.As(err, &waited):
		p.starts.died(sl.starter, s.Name, time.Now())
		p.count(s.Name, NotStarted)
	}
	sl.process, sl.err = proc, err
	if err != nil {
		p.drop(sl)
	}
	p.mu.Unlock()
	if err == nil {
		p.count(s.Name, Started)
	}
	close(sl.ready)
	switch {
	case err != nil:
		p.o.Log.Warn("server not started", "server", s.Name, "err", err)
		if proc != nil {
			proc.End(errEnded)
		}
	default:
		p.o.Log.Info("server started", "server", s.Name, "for", sl.caller, "invocation", proc.Invocation(), "took", time.Since(sl.began).Round(time.Millisecond))
		<-proc.Done()
		p.mu.Lock()
		if time.Since(sl.began) >= earlyDeath {
			p.starts.lived(sl.starter, s.Name)
		}
		p.over(sl)
		p.mu.Unlock()
	}
}

// launch waits for the turn of a slot and starts its process. With an error there may be a
// process that is to end. The error is a *[failure.Error] when nothing was tried.
func (p *Pool) launch(ctx context.Context, s entry.Server, sl *slot, h Holder) (*process.Process, error) {
	done, err := p.turns.wait(ctx, sl.starter, s.Name)
	if err != nil {
		return nil, late(s.Name, err)
	}
	defer done()
	// A server that takes long to say what it is does not keep others from being started.
	timer := time.AfterFunc(longestTurn, done)
	defer timer.Stop()
	p.mu.Lock()
	sl.queued, sl.began = false, time.Now()
	p.mu.Unlock()
	var link func(ctx context.Context, room jsonrpc.Room) (process.Link, error)
	if p.o.Link != nil {
		link = p.o.Link(s)
	}
	var outside func() asking.Func
	if p.o.Outside != nil {
		outside = func() asking.Func { return p.o.Outside(s.Name, sl.key.holder) }
	}
	var eras *process.Eras
	if p.o.Eras != nil {
		eras = p.o.Eras(s.Name, sl.caller, h.Offers)
	}
	reader := cmp.Or(sl.caller, s.Name) // no caller has a shared one, and no server the room of another
	o := process.Options{
		Offers: h.Offers, Outside: outside, Newer: h.Newer, Eras: eras,
		Server: s.Name, Link: link,
		Dial: func(ctx context.Context) (net.Conn, error) { return p.o.Dial(ctx, s.Name) },
		Heard: func(method string, msg []byte) {
			p.o.Heard(s.Name, sl.key.holder, method, msg)
		},
		ClientName: h.ClientName, ClientVersion: h.ClientVersion, Shared: s.Shared, Room: p.reading.Of(reader, s.Name), Log: p.o.Log,
	}
	proc, err := p.begun(ctx, sl, o)
	if errors.Is(err, ErrEra) {
		before := proc
		p.ending.Go(func() { before.End(errEnded) })
		proc, err = p.begun(ctx, sl, o)
	}
	return proc, err
}

// ErrEra is why a process is not used that has been started: in the other era its server is
// to be asked again.
var ErrEra = errors.New("the server is to be spoken to in the other era")

// begun starts a process. With an error there may be one that is to end.
func (p *Pool) begun(ctx context.Context, sl *slot, o process.Options) (*process.Process, error) {
	proc, err := process.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	return proc, p.o.Started(ctx, o.Server, sl.key.holder, proc)
}

// late is what a caller is told whose server had no turn to be started.
func late(server string, err error) *failure.Error {
	return &failure.Error{
		Code:    failure.RateLimited,
		Message: fmt.Sprintf("the server %s was not started: too many servers are being started on this host, and it had no turn within %s", server, longestWait),
		Next:    "try again in a minute", Cause: err,
	}
}

// over forgets a process that has ended by itself; one that was told to is forgotten
// already. The caller of over holds mu.
func (p *Pool) over(sl *slot) {
	if p.slots[sl.key] != sl {
		return
	}
	p.drop(sl)
	if time.Since(sl.began) < earlyDeath {
		p.starts.died(sl.starter, sl.key.server, time.Now())
		p.count(sl.key.server, DiedEarly)
	}
	p.o.Log.Info("server ended by itself", "server", sl.key.server, "for", sl.caller, "how", sl.process.Err())
}

func (p *Pool) count(server string, what Event) {
	if p.o.Counted != nil {
		p.o.Counted(server, what)
	}
}
