// SPDX-License-Identifier: MIT

package process

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/upstream/frame"
)

// Link is the way to one server, for one holder: the pipe of a launcher, or HTTP.
type Link interface {
	// Next returns what comes of the server next; its error, after which nothing comes,
	// says that the server has ended or was cut off. One goroutine calls it.
	Next() (Received, error)
	// Send sends one message, which is not changed and not kept. It may be called at the
	// same time. What becomes of a request comes by Next; over HTTP, h are among its
	// headers.
	Send(msg []byte, h http.Header) error
	// Finish has the server end in its own time, whereupon Next fails. It reports false
	// where only Cut can.
	Finish() bool
	// Cut ends the link at once, whereupon Next fails.
	Cut()
	// Ending says how the server ended; err is that of Next.
	Ending(err error) error
	// Invocation is the invocation id of the unit that runs the server; empty for none.
	Invocation() string
	// Stateless reports, once initialize was answered, whether the server keeps nothing for
	// its client: then it may be of the newer era too, and do more in that.
	Stateless() bool
	// Older reports whether the transport is one that the older era only has.
	Older() bool
}

// Received is one thing that came of a server.
type Received struct {
	jsonrpc.Line
	// Of is the id of the request on whose stream it came; 0 where that is not known.
	Of int64
	// Err is why the request with the id ID has no answer. Then there is no Line.
	ID  int64
	Err error
}

// lost is the error of a link that is over; slow: because the server does not read.
type lost struct {
	error

	slow bool
}

// Unanswered is why a request was not answered by a server that goes on.
type Unanswered struct {
	Server, How string
	// Next is what to do about it; empty for nothing in particular.
	Next string
	// Unknown: the server may have carried the request out.
	Unknown bool
	// Later: the server has no time for it now, which says nothing of what it can do.
	Later bool
}

// Error implements error.
func (u *Unanswered) Error() string {
	text := "the server " + u.Server + " did not answer: " + u.How
	if u.Next != "" {
		text += "; " + u.Next
	}
	return text
}

// pipe is the link to a server that the launcher at the other end of conn runs.
type pipe struct {
	server string
	conn   net.Conn
	frames *frame.Reader
	lines  *jsonrpc.LineReader
	write  sync.Mutex // of whole lines
}

func newPipe(server string, conn net.Conn, room jsonrpc.Room) *pipe {
	frames := frame.NewReader(conn)
	return &pipe{server: server, conn: conn, frames: frames, lines: jsonrpc.NewLineReader(frames, frame.MaxLine).Within(room)}
}

func (p *pipe) Next() (Received, error) {
	line, err := p.lines.Next()
	return Received{Line: line}, err
}

// Send writes one message. A server that does not read is over: half a line would make
// everything that follows rubbish.
func (p *pipe) Send(msg []byte, _ http.Header) error {
	p.write.Lock()
	defer p.write.Unlock()
	_ = p.conn.SetWriteDeadline(time.Now().Add(writeTime))
	_, err := p.conn.Write(append(jsonrpc.OneLine(msg), '\n'))
	var slow net.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &slow) && slow.Timeout():
		return &lost{fmt.Errorf("the server %s did not read its input for %s and was ended", p.server, writeTime), true}
	}
	return &lost{err, false}
}

// Finish ends the server's stdin.
func (p *pipe) Finish() bool {
	c, ok := p.conn.(interface{ CloseWrite() error })
	if ok {
		_ = c.CloseWrite()
	}
	return ok
}

// Cut cuts the connection, whereupon the launcher ends and systemd ends what is left.
func (p *pipe) Cut() { _ = p.conn.Close() }

func (p *pipe) Invocation() string {
	id, _ := p.frames.Invocation()
	return id
}

func (p *pipe) Stateless() bool { return false }

func (p *pipe) Older() bool { return false }

// Ending says how the server ended: err is what reading ended with.
func (p *pipe) Ending(err error) error {
	end := p.frames.End()
	if end == nil {
		if errors.Is(err, io.EOF) {
			err = frame.ErrCut
		}
		return &Ended{Server: p.server, How: err.Error()}
	}
	return &Ended{Server: p.server, How: end.String(), Stderr: lastLine(end.Stderr), NotStarted: end.Outcome == frame.NotStarted}
}

// Ended is how a server ended, for whoever asked it something.
type Ended struct {
	Server, How string
	Stderr      string // its last line there, fit for a message
	NotStarted  bool   // it never ran
	// Untouched: it has ended without looking at the request, which can go to another.
	Untouched bool
}
