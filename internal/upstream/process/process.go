// SPDX-License-Identifier: MIT

// Package process speaks MCP with one running server behind the gateway, over the
// connection to its launcher.
//
// A server of either era is asked in its own way: one that knows initialize is of the
// older, and has a session as long as it runs; each request to any other says itself who
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
	"net"
	"sync"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/frame"
)

const (
	// mostPending is how many requests may wait for an answer of one process.
	mostPending = 1024
	// mostReplies is how many replies to requests of its own a server may leave unread.
	mostReplies = 256
	// mostProgress is how many notifications about the progress of one request may wait for
	// its client, which may read slowly: the process of others is not to wait for it.
	mostProgress = 64
	// mostProgressSize is how large one of them may be, in bytes.
	mostProgressSize = 16 << 10
	// writeTime is how long a server may leave its stdin unread.
	writeTime = 30 * time.Second
	// startTime is how long it may take until it has said what it is.
	startTime = time.Minute
	// endTime is how long a process may take to end once it is told to: longer than its
	// launcher and systemd take together.
	endTime = 15 * time.Second
)

// Options are what a process is started with. All are required.
type Options struct {
	// Server is the name of the server, for errors and the log.
	Server string
	// Dial connects to what starts it: the socket of its unit.
	Dial func(ctx context.Context) (net.Conn, error)
	// ClientName and ClientVersion are who asks, as the server is told.
	ClientName, ClientVersion string
	// Heard gets the notifications that belong to no request, in their order; it must
	// not block. The message belongs to it.
	Heard func(method string, msg []byte)
	Log   *slog.Logger
}

// Process is one running server.
type Process struct {
	o      Options
	conn   net.Conn
	frames *frame.Reader
	modern bool
	hello  Hello

	write   sync.Mutex  // of whole lines
	replies chan []byte // to requests of the server
	// listening is held while the server is asked to tell of changes.
	listening sync.Mutex

	mu       sync.Mutex
	last     int64 // id given out
	pending  map[int64]*pending
	standing standing
	rubbish  int // lines that were no message, and messages that were for nobody
	err      error
	done     chan struct{}
}

// Hello is what a server says of itself when it is asked for the first time.
type Hello struct {
	Name, Version string
	// Revision is that of the protocol that is spoken with it.
	Revision     string
	Instructions string
	Capabilities json.RawMessage
}

// pending is a request that waits.
type pending struct {
	answer   chan Answer          // has room for one
	progress chan json.RawMessage // nil if nobody asked for any
	// acknowledged has room for one; of subscriptions/listen.
	acknowledged chan struct{}
}

// Start starts a server and returns when it has said what it is. ctx bounds the start,
// not the process.
func Start(ctx context.Context, o Options) (*Process, error) {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	conn, err := o.Dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("the server %s cannot be started: %w", o.Server, err)
	}
	p := &Process{o: o, conn: conn, frames: frame.NewReader(conn), pending: map[int64]*pending{}, replies: make(chan []byte, mostReplies), done: make(chan struct{})}
	go p.read()
	go p.reply()
	if err := p.greet(ctx); err != nil {
		p.kill(err)
		return nil, p.told(err)
	}
	if p.modern {
		go p.hearLists(context.WithoutCancel(ctx))
	}
	return p, nil
}

// Hello returns what the server said of itself.
func (p *Process) Hello() Hello { return p.hello }

// Invocation is the invocation id of the unit that runs the server, by which the journal
// has what it wrote to stderr; empty where no unit does.
func (p *Process) Invocation() string {
	id, _ := p.frames.Invocation()
	return id
}

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
	if c, ok := p.conn.(interface{ CloseWrite() error }); ok {
		_ = c.CloseWrite()
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

// kill cuts the connection, whereupon the launcher ends and systemd ends what is left.
func (p *Process) kill(why error) {
	p.mu.Lock()
	if p.err == nil && why != nil {
		p.err = why
	}
	p.mu.Unlock()
	_ = p.conn.Close()
}

// send writes one message. A server that does not read is over: half a line would make
// everything that follows rubbish.
func (p *Process) send(msg []byte) error {
	p.write.Lock()
	defer p.write.Unlock()
	_ = p.conn.SetWriteDeadline(time.Now().Add(writeTime))
	if _, err := p.conn.Write(append(jsonrpc.OneLine(msg), '\n')); err != nil {
		var slow net.Error
		if errors.As(err, &slow) && slow.Timeout() {
			p.kill(fmt.Errorf("the server %s did not read its input for %s and was ended", p.o.Server, writeTime))
		}
		select {
		case <-p.done:
		case <-time.After(time.Second): // the reader says more about how it ended
			p.kill(err)
			<-p.done
		}
		return p.Err()
	}
	return nil
}
