// SPDX-License-Identifier: MIT

package remote

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/mirror"
	"tailscale-mcp/internal/upstream/process"
)

const (
	// mostOpen is how many requests of one session may be open at the server.
	mostOpen = 128
	// mostSchemas are how many bytes of schemas a session remembers for the headers that calls
	// carry: more than a server has approved.
	mostSchemas = 1 << 20
	// tellTime is how long a server may take to accept what has no answer.
	tellTime = 30 * time.Second
	// leaveTime is how long it may take to hear that a session is over.
	leaveTime = 5 * time.Second
	// streamWait is how long the beginning of a session waits for the stream of the server:
	// one that has none yet drops what it asks.
	streamWait = time.Second
)

// transport makes requests, as [http.Transport] does.
type transport interface {
	http.RoundTripper
	CloseIdleConnections()
}

// link is the session of one holder with a server.
type link struct {
	server  string
	at      *url.URL
	headers *headers
	http    transport
	log     *slog.Logger
	tools   mirror.Tools
	in      chan process.Received
	large   chan struct{} // what is large is read by few at a time
	roomMu  sync.Mutex    // its messages are read at the same time
	room    jsonrpc.Room  // for long ones; nil: no bound but that of the session
	ctx     context.Context
	stop    context.CancelCauseFunc
	left    sync.Once

	mu      sync.Mutex
	session string   // Mcp-Session-Id; empty: it gave none
	version string   // that was agreed on; empty before
	sse     bool     // it is spoken to by HTTP+SSE of 2024-11-05
	post    *url.URL // where messages go then, once that is known
	modern  bool     // it has answered in the newer era
	open    map[int64]*exchange
	forgot  *process.Ended // the server does not know the session any more; nil: it does
}

func newLink(server string, at *url.URL, sse bool, headers *headers, by transport, log *slog.Logger) *link {
	l := &link{
		server: server, at: at, sse: sse, headers: headers, http: by, log: log.With("server", server),
		tools: mirror.Tools{Most: mostSchemas}, in: make(chan process.Received), large: make(chan struct{}, mostLarge), open: map[int64]*exchange{},
	}
	l.ctx, l.stop = context.WithCancelCause(context.Background())
	return l
}

// Next returns what comes of any of the open requests, or of the stream.
func (l *link) Next() (process.Received, error) {
	select {
	case r := <-l.in:
		return r, nil
	case <-l.ctx.Done():
		return process.Received{}, context.Cause(l.ctx)
	}
}

// deliver hands something to Next, and returns when it is taken. It reports false once
// nobody takes anything any more.
func (l *link) deliver(r process.Received) bool {
	select {
	case l.in <- r:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// errFinished is why a link is over that the gateway has ended.
var errFinished = errors.New("the gateway has ended the session with it")

// Finish tells the server that its session is over.
func (l *link) Finish() bool {
	go func() {
		l.leave()
		l.stop(errFinished)
	}()
	return true
}

// Cut ends what is open at once; that the session is over, the server is told meanwhile.
func (l *link) Cut() {
	l.stop(errFinished)
	go l.leave()
}

// leave tells the server once that the session is over (2025-11-25, "Session Management").
func (l *link) leave() {
	l.left.Do(func() {
		defer l.http.CloseIdleConnections()
		l.mu.Lock()
		session, other := l.session, l.modern || l.sse
		l.mu.Unlock()
		if session == "" || other {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), leaveTime)
		defer cancel()
		if status, err := l.tell(ctx, http.MethodDelete, nil, nil); err != nil || status >= http.StatusBadRequest {
			l.log.Debug("the server was not told that its session is over", "status", status, "err", err)
		}
	})
}

// Ending says how the session ended.
func (l *link) Ending(err error) error {
	var ended *process.Ended
	if errors.As(err, &ended) {
		return ended
	}
	return &process.Ended{Server: l.server, How: err.Error()}
}

// Invocation is empty: the server runs elsewhere.
func (l *link) Invocation() string { return "" }

// Stateless reports whether the server gave no id of a session.
func (l *link) Stateless() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.session == "" && l.version != "" && !l.sse
}

// Older reports whether the server is spoken to by HTTP+SSE of 2024-11-05.
func (l *link) Older() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sse
}

// Send sends a message: a request by an exchange of its own, all else at once.
func (l *link) Send(msg []byte, h http.Header) error {
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		return err
	}
	switch k := e.Kind(); {
	case k == jsonrpc.Request:
		return l.request(&e, msg, h)
	case e.Method == "notifications/cancelled":
		return l.cancelled(&e, msg)
	case k == jsonrpc.Response:
		l.mu.Lock()
		modern := l.modern
		l.mu.Unlock()
		if modern { // such a server asks by its results only
			return nil
		}
	}
	begins := e.Method == "notifications/initialized"
	if begins { // and is of the older era, whatever it was asked meanwhile
		l.mu.Lock()
		l.modern = false
		l.mu.Unlock()
	}
	if err := l.notify(&e, msg); err != nil || !begins {
		return err
	}
	l.mu.Lock()
	sse := l.sse
	l.mu.Unlock()
	if !sse {
		l.listen()
	}
	return nil
}

// notify sends what has no answer.
func (l *link) notify(e *jsonrpc.Envelope, msg []byte) error {
	ctx, cancel := context.WithTimeout(l.ctx, tellTime)
	defer cancel()
	status, err := l.tell(ctx, http.MethodPost, e, msg)
	switch {
	case err != nil:
		return l.failure(err)
	case status >= http.StatusMultipleChoices:
		return l.status(status, nil, nil)
	}
	return nil
}

// request begins an exchange.
func (l *link) request(e *jsonrpc.Envelope, msg []byte, h http.Header) error {
	id, err := strconv.ParseInt(string(e.ID), 10, 64)
	if err != nil {
		return err
	}
	x := &exchange{id: id, env: *e, msg: msg, header: h, modern: e.Modern(), done: make(chan struct{})}
	x.ctx, x.cancel = context.WithCancel(l.ctx)
	l.mu.Lock()
	switch {
	case l.forgot != nil:
		err = &process.Ended{Server: l.server, How: l.forgot.How, Untouched: true}
	case len(l.open) >= mostOpen:
		err = process.ErrBusy
	}
	if err != nil {
		l.mu.Unlock()
		x.cancel()
		return err
	}
	l.modern = l.modern && x.modern
	l.open[id] = x
	l.mu.Unlock()
	go l.exchange(x)
	return nil
}

// cancelled ends an exchange that nobody waits for any more. In the newer era that is all:
// the end of its response says it (2026-07-28, "Cancellation").
func (l *link) cancelled(e *jsonrpc.Envelope, msg []byte) error {
	id, err := strconv.ParseInt(string(bytes.TrimSpace(e.RequestID)), 10, 64)
	if err != nil {
		return err
	}
	l.mu.Lock()
	x := l.open[id]
	l.mu.Unlock()
	if x == nil {
		return nil
	}
	x.cancel()
	if x.modern || x.env.Method == "initialize" {
		return nil
	}
	return l.notify(e, msg)
}
