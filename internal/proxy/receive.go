// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"

	"tailscale-mcp/internal/bridge"
	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
)

// fromServer takes one message of the server. via is the call on whose
// response it came, nil on the stream of a session; h the headers of that
// response.
func (r *relay) fromServer(msg []byte, via *call, s *session, h http.Header) {
	msg = bytes.Trim(msg, jsonrpc.Space)
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		r.log.Warn("dropping an event of the server", "reason", err)
		return
	}
	if e.Multiline {
		jsonrpc.OneLine(msg)
	}
	k := e.Kind()
	if e.Repeated != "" {
		r.log.Warn("dropping an event of the server", "reason", twice(&e))
		if via != nil && (k == jsonrpc.Response || k == jsonrpc.ErrorWithoutID) {
			r.fail(via, badAnswer(&via.env, twice(&e)))
		}
		return
	}
	switch k {
	case jsonrpc.Notification:
		if e.Method == methodToolsChanged {
			r.schemas.Changed()
		}
		r.heard(&e, msg, via, s)
	case jsonrpc.Request:
		if via != nil && via.modern || s == nil {
			r.log.Warn("dropping a request of the server: the client does not expect any", "method", jsonrpc.Excerpt([]byte(e.Method)))
			return
		}
		r.asked(&e, msg, s)
	case jsonrpc.Response:
		r.match(&e, msg, via, h)
	case jsonrpc.ErrorWithoutID:
		if via == nil {
			r.log.Warn("dropping an error of the server", "reason", "it names no request")
			return
		}
		r.deliver(via, &e, msg, h)
	default:
		r.log.Warn("dropping an event of the server", "reason", "not a JSON-RPC message")
	}
}

// asked passes the request e of the server on to the client, if the client declared the
// capability for it.
func (r *relay) asked(e *jsonrpc.Envelope, msg []byte, s *session) {
	if s != r.sessions.current() {
		// The client may be asked the same in the new session, and a call of the
		// old one would wait for ever.
		r.decline(s, e, &fault.Error{Code: fault.CodeStopping, Message: "the client has opened another session"})
		return
	}
	if err := s.offers.Takes(e.Method, e.Params); err != nil {
		r.log.Warn("refusing a request of the server", "reason", err)
		r.decline(s, e, &fault.Error{Code: fault.MethodNotFound, Message: err.Error()})
		return
	}
	a := r.asks.relayed(s, e.ID)
	if a == nil {
		r.log.Warn("refusing a request of the server", "reason", errAsks)
		r.decline(s, e, &fault.Error{Code: fault.CodeTooLarge, Message: errAsks.Error()})
		return
	}
	r.out.Write(jsonrpc.WithID(msg, e, a.id))
}

// heard passes the notification e of the server on to the client.
func (r *relay) heard(e *jsonrpc.Envelope, msg []byte, via *call, s *session) {
	switch {
	case via != nil && (via.quiet || via.modern && r.calls.done(via)):
		return // nothing may follow the end of a modern call
	case via != nil && via.subscription != nil:
		if msg = via.subscription.Heard(e, msg); msg == nil {
			return
		}
	case e.Method == methodCancelled && jsonrpc.UsableID(e.RequestID):
		if a := r.asks.cancelled(s, e.RequestID); a != nil && !bytes.Equal(a.id, e.RequestID) {
			msg = jsonrpc.Replace(msg, jsonrpc.Edit{At: e.RequestAt, Len: len(e.RequestID), Text: [][]byte{a.id}})
		}
	}
	r.out.Write(msg)
}

// match answers the call that the response e on a stream belongs to: the call via of the
// stream, or another of the same era whose own stream ended.
func (r *relay) match(e *jsonrpc.Envelope, msg []byte, via *call, h http.Header) {
	if via != nil && jsonrpc.IDKey(e.ID) == via.key {
		r.deliver(via, e, msg, h)
		return
	}
	if via == nil || !via.modern {
		if c := r.calls.find(e.ID); c != nil && !c.modern {
			r.deliver(c, e, msg, h)
			return
		}
	}
	if via != nil && jsonrpc.SameRounded(e.ID, via.id) {
		r.deliver(via, e, msg, h)
		return
	}
	r.log.Warn("dropping a response of the server: nobody waits for it", "id", jsonrpc.Excerpt(e.ID))
}

// deliver answers c with the response e of the server, unless c is finished.
func (r *relay) deliver(c *call, e *jsonrpc.Envelope, msg []byte, h http.Header) {
	if err := unoffered(c, msg); err != nil {
		r.fail(c, &fault.Error{Code: fault.CodeInput, Message: fmt.Sprintf("%s needs input: %v; %s", c.env.Method, err, fault.Again(&c.env)), Data: &fault.Data{Outcome: fault.Unknown}})
		return
	}
	if !r.calls.finish(c) {
		return
	}
	if c.env.Method == methodInitialize && !c.modern && e.HasResult {
		r.opened(c, msg, h)
	}
	r.conclude(c, r.learn(c, e, jsonrpc.WithID(msg, e, c.id)))
}

// unoffered says what the response msg asks of the client that sent c, and that the
// client did not offer with c; nil when there is nothing. Only a modern request offers
// something of its own.
func unoffered(c *call, msg []byte) error {
	if !c.modern || c.own {
		return nil
	}
	return bridge.Unoffered(c.env.Meta, msg)
}

// conclude sends msg as the answer to c, which its caller has finished.
func (r *relay) conclude(c *call, msg []byte) {
	defer r.calls.release()
	if c.over == nil {
		c.reply(msg)
		return
	}
	if !r.calls.hold() {
		c.reply(msg)
		close(c.over)
		return
	}
	go func() {
		defer r.calls.workers.Done()
		defer r.calls.release()
		defer close(c.over)
		r.settle(c, msg)
	}()
}

// fail answers c with the error f of the proxy, unless c is finished.
func (r *relay) fail(c *call, f *fault.Error) {
	if !r.calls.finish(c) {
		return
	}
	level := slog.LevelWarn // a client may show its person less than this
	if c.own && (c.parent == nil || r.calls.done(c.parent)) {
		level = slog.LevelDebug // the client does not get it
	}
	r.log.Log(r.ctx, level, "answering with an error", "id", string(c.id), "method", c.env.Method, "code", f.Code, "error", f.Message)
	r.conclude(c, f.Answer(c.id))
}
