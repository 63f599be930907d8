// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"log/slog"
	"net/http"
)

// fromServer takes one message of the server. via is the call on whose
// response it came, nil on the stream of a session; h the headers of that
// response.
func (r *relay) fromServer(msg []byte, via *call, s *session, h http.Header) {
	msg = bytes.Trim(msg, jsonSpace)
	e, err := scan(msg)
	if err != nil {
		r.log.Warn("dropping an event of the server", "reason", err)
		return
	}
	if e.multiline {
		oneLine(msg)
	}
	switch e.kind() {
	case notification:
		if e.method == methodToolsChanged {
			r.schemas.changed()
		}
		r.heard(&e, msg, via, s)
	case request:
		switch {
		case via != nil && via.modern || s == nil:
			r.log.Warn("dropping a request of the server: the client does not expect any", "method", e.method)
		case s == r.sessions.current():
			r.out.write(withID(msg, &e, r.asks.relayed(s, e.id).id))
		default:
			r.tooLate(s, &e)
		}
	case response:
		r.match(&e, msg, via, h)
	case errorWithoutID:
		if via == nil {
			r.log.Warn("dropping an error of the server", "reason", "it names no request")
			return
		}
		r.deliver(via, &e, msg, h)
	default:
		r.log.Warn("dropping an event of the server", "reason", "not a JSON-RPC message")
	}
}

// heard passes a notification of the server on.
func (r *relay) heard(e *envelope, msg []byte, via *call, s *session) {
	switch {
	case via != nil && (via.quiet || via.modern && r.calls.done(via)):
		return // nothing may follow the end of a modern call
	case via != nil && via.listening != nil:
		if msg = via.listening.heard(e, msg); msg == nil {
			return
		}
	case e.method == methodCancelled && usableID(e.requestID):
		if a := r.asks.cancelled(s, e.requestID); a != nil && !bytes.Equal(a.id, e.requestID) {
			msg = edited(msg, edit{e.requestAt, len(e.requestID), [][]byte{a.id}})
		}
	}
	r.out.write(msg)
}

// match finds the call that a response on a stream belongs to: that of the
// stream, or another of the same era that lost its own.
func (r *relay) match(e *envelope, msg []byte, via *call, h http.Header) {
	if via != nil && idKey(e.id) == via.key {
		r.deliver(via, e, msg, h)
		return
	}
	if via == nil || !via.modern {
		if c := r.calls.find(e.id); c != nil && !c.modern {
			r.deliver(c, e, msg, h)
			return
		}
	}
	if via != nil && sameRounded(e.id, via.id) {
		r.deliver(via, e, msg, h)
		return
	}
	r.log.Debug("dropping a response: nobody waits for it", "id", string(e.id))
}

// deliver answers c with a response of the server, unless it is answered.
func (r *relay) deliver(c *call, e *envelope, msg []byte, h http.Header) {
	if !r.calls.finish(c) {
		return
	}
	if c.env.method == methodInitialize && !c.modern && e.hasResult {
		r.opened(c, msg, h)
	}
	r.conclude(c, r.learn(c, e, withID(msg, e, c.id)))
}

// conclude hands the answer to a call that was finished over.
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

// fail answers c with an error of the proxy, unless it is answered.
func (r *relay) fail(c *call, f *failure) {
	if !r.calls.finish(c) {
		return
	}
	level := slog.LevelWarn // a client may show its person less than this
	if c.own && (c.of == nil || r.calls.done(c.of)) {
		level = slog.LevelDebug // the client does not get it
	}
	r.log.Log(r.ctx, level, "answering with an error", "id", string(c.id), "method", c.env.method, "code", f.Code, "error", f.Message)
	r.conclude(c, f.answer(c.id))
}
