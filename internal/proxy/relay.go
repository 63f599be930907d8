// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"tailscale-mcp/internal/bridge"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/jsonrpc/mirror"
	"tailscale-mcp/internal/proxy/transport"
)

const (
	// maxSending is how many requests the server is asked at the same time.
	maxSending = 512
	// maxBacklog is how many requests may be read before the first is
	// answered. Further ones stay in the pipe.
	maxBacklog = 8192
)

// Methods that the relay itself acts on.
const (
	methodInitialize  = "initialize"
	methodInitialized = "notifications/initialized"
	methodCancelled   = "notifications/cancelled"
	methodDiscover    = "server/discover"
	methodListen      = "subscriptions/listen"

	methodToolsList    = "tools/list"
	methodToolsCall    = "tools/call"
	methodToolsChanged = "notifications/tools/list_changed"
)

// relay is one run of the proxy: a client on stdio, a server, and what is under way
// between them.
type relay struct {
	ctx        context.Context // of all work; outlives the context given to Run
	cancel     context.CancelFunc
	cfg        Config
	log        *slog.Logger
	out        *jsonrpc.LineWriter
	up         *transport.Client
	calls      *calls
	answerTime time.Duration // the constant, except where a test is to fail on what is lost and not on what is slow

	listTimeout time.Duration // the constant of this name, except in tests

	sessions sessions
	asks     asks
	owned    atomic.Uint64 // ids made for requests of the proxy's own
	schemas  mirror.Tools
	sending  chan struct{} // a slot per request being asked
	backlog  chan struct{} // a slot per request read

	declining chan struct{} // a slot per refusal of what a server asked
}

// stopping is the error of a request that is read while the proxy ends.
var stopping = &fault.Error{Code: fault.CodeStopping, Message: "the proxy is stopping", Data: &fault.Data{Outcome: fault.NotSent}}

// read accepts the messages on stdin until it ends. It never waits for the server,
// so that a cancellation is seen while everything else is slow.
func (r *relay) read(stdin io.Reader) error {
	lines := jsonrpc.NewLineReader(stdin, r.cfg.MaxMessage)
	for {
		l, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading stdin: %w", err)
		}
		switch {
		case l.Over != nil:
			r.tooLong(l.Over)
		case len(l.Msg) > 0:
			jsonrpc.GiveBack(len(l.Msg)) // the pieces it came in
			r.accept(l.Msg)
		}
	}
}

// accept acts on one message of the client.
func (r *relay) accept(msg []byte) {
	e, err := jsonrpc.Scan(msg)
	switch {
	case errors.Is(err, jsonrpc.ErrNotJSON):
		r.refuse(nil, fault.ParseError, "the line is "+err.Error())
		return
	case err != nil:
		r.refuse(nil, fault.InvalidRequest, "the line is "+err.Error())
		return
	}
	if e.Multiline { // carriage returns
		jsonrpc.OneLine(msg)
	}
	switch e.Kind() {
	case jsonrpc.Request:
		r.request(e, msg)
	case jsonrpc.Notification:
		r.notification(e, msg)
	case jsonrpc.Response:
		r.response(e, msg)
	default:
		id := e.ID
		if !jsonrpc.UsableID(id) {
			id = nil
		}
		r.refuse(id, fault.InvalidRequest, "neither a request with a string or number as id, nor a notification, nor a response")
	}
}

// refuse answers a message of the client that is not sent to the server with an error.
// An id that is in flight gets no answer here, since its call will have one.
func (r *relay) refuse(id []byte, code int, why string) {
	if id != nil && r.calls.find(id) != nil {
		r.log.Warn("dropping a message with the id of a request in flight", "id", string(id), "reason", why)
		return
	}
	r.log.Warn("refusing a message of the client", "reason", why)
	r.out.Write((&fault.Error{Code: code, Message: why}).Answer(id))
}

// tooLong refuses a message of the client above the size limit, of which s is known.
func (r *relay) tooLong(s *jsonrpc.Skim) {
	const why = "the message is larger than the limit; see --max-message"
	switch {
	case s.ID != nil && s.HasMethod:
		r.refuse(s.ID, fault.CodeTooLarge, why)
	case s.HasMethod || s.ID != nil:
		r.log.Warn("dropping a notification or response", "reason", why)
	default:
		r.refuse(nil, fault.InvalidRequest, why)
	}
}

// request begins a call for the request e of the client.
func (r *relay) request(e jsonrpc.Envelope, msg []byte) {
	select {
	case r.backlog <- struct{}{}:
	case <-r.ctx.Done():
		return
	}
	ctx, cancel := context.WithCancel(r.ctx)
	c := &call{env: e, msg: msg, id: e.ID, key: jsonrpc.IDKey(e.ID), modern: r.sessions.modern(&e), cancel: cancel, reply: r.out.Write}
	switch {
	case e.Method == methodInitialize && !c.modern:
		c.over = make(chan struct{})
	case e.Method == methodListen && c.modern:
		c.subscription = bridge.NewSubscription(e.ID, r.out.Write)
	}
	if err := r.calls.begin(c); err != nil {
		cancel()
		<-r.backlog
		if errors.Is(err, errInFlight) {
			// An answer to it would be taken for the answer to the first.
			r.log.Warn("dropping a request", "reason", err, "id", string(c.id))
			return
		}
		r.out.Write(stopping.Answer(c.id))
		return
	}
	ready := r.sessions.enter(c)
	go func() {
		defer r.calls.workers.Done()
		defer func() { <-r.backlog }()
		r.call(ctx, c, ready)
		jsonrpc.GiveBack(len(msg))
	}()
}

// call sends c to the server once ready is closed, and returns when c is answered.
func (r *relay) call(ctx context.Context, c *call, ready <-chan struct{}) {
	defer func() {
		if p := recover(); p != nil {
			r.log.Error("defect in the proxy", "panic", p, "stack", string(debug.Stack()))
		}
		// Nothing gets here without an answer, defects aside.
		r.fail(c, &fault.Error{Code: fault.CodeInternal, Message: "internal error of the proxy; " + fault.Again(&c.env), Data: &fault.Data{Outcome: fault.Unknown}})
		c.cancel()
	}()
	if !await(ctx, ready) {
		return
	}
	if !c.own { // which others with a slot may be waiting for
		select {
		case r.sending <- struct{}{}:
			defer func() { <-r.sending }()
		case <-ctx.Done():
			return
		}
	}
	r.learnTools(ctx, c)
	if !r.calls.send(c) {
		return
	}
	s, b := r.bridged()
	switch {
	case c.subscription != nil:
		r.listen(ctx, c)
	case b != nil && !c.modern && !c.own && c.env.Method != methodInitialize:
		r.serve(ctx, b, s, c)
	default:
		r.exchange(ctx, c, true)
	}
}

// bridged returns the current session and its bridge, each nil if there is none.
func (r *relay) bridged() (*session, *bridge.Bridge) {
	if s := r.sessions.current(); s != nil {
		return s, s.bridge.Load()
	}
	return nil, nil
}

// await waits until all channels that are not nil are closed. It reports false when ctx
// ended first.
func await(ctx context.Context, all ...<-chan struct{}) bool {
	for _, c := range all {
		if c == nil {
			continue
		}
		select {
		case <-c:
		case <-ctx.Done():
			return false
		}
	}
	return true
}
