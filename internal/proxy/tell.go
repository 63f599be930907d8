// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"context"
	"net/http"
	"time"
)

// notifyTimeout bounds the delivery of what has no answer: notifications,
// cancellations, and the client's answers.
const notifyTimeout = 30 * time.Second

// notification passes a notification on. Those of a session keep their order.
func (r *relay) notification(e envelope, msg []byte) {
	if e.method == methodCancelled {
		r.cancelled(&e, msg)
		return
	}
	if !r.calls.hold() {
		return
	}
	ready, done := r.sessions.enterNotification(&e)
	go func() {
		defer r.calls.workers.Done()
		defer r.calls.release()
		defer done()
		if !await(r.ctx, ready...) {
			return
		}
		s, b := r.bridged()
		switch {
		case b != nil && !r.sessions.modern(&e):
			if e.method == methodInitialized {
				b.greeted(s)
			} // and a modern server has no use for any other
		case e.method == methodInitialized && s != nil:
			// Kept before it is sent: a session that is opened anew because this
			// finds it forgotten is greeted with it.
			r.sessions.greeted(msg)
			if r.tell(&e, s, msg) {
				r.push(s)
			}
		default:
			r.tell(&e, s, msg)
		}
	}()
}

// cancelled ends a call for its client, which gets no answer to it any more. A
// legacy server is told. A modern one sees its response stream closed and is
// sent nothing (2026-07-28, "Transport-Specific Cancellation").
func (r *relay) cancelled(e *envelope, msg []byte) {
	if !usableID(e.requestID) {
		return
	}
	c, sent := r.calls.drop(e.requestID)
	s, b := r.bridged()
	closing := c != nil && (c.modern || !sent) || b != nil
	if c != nil {
		r.log.Debug("cancelled", "id", string(c.id), "method", c.env.method)
		if closing {
			c.cancel()
		} else {
			// The server may still have something to say to others on it.
			time.AfterFunc(lingerTime, c.cancel)
		}
		r.calls.release()
	}
	if s == nil || closing || !r.calls.hold() {
		return
	}
	go func() {
		defer r.calls.workers.Done()
		defer r.calls.release()
		r.tell(e, s, msg)
	}()
}

// response passes the client's answer to a request of the server on, if that
// is still the server that asked.
func (r *relay) response(e envelope, msg []byte) {
	a := r.asks.take(e.id)
	switch {
	case a != nil && a.answer != nil:
		a.answer(msg)
		return
	case a == nil || a.session != r.sessions.current():
		r.log.Warn("dropping a response: nobody waits for it", "id", string(e.id))
		return
	case !r.calls.hold():
		return
	}
	go func() {
		defer r.calls.workers.Done()
		defer r.calls.release()
		r.tell(&e, a.session, withID(msg, &e, a.theirs))
	}()
}

// tell delivers a message that has no answer. It reports whether the server
// took it.
func (r *relay) tell(e *envelope, s *session, msg []byte) bool {
	ctx, cancel := context.WithTimeout(r.ctx, notifyTimeout)
	defer cancel()
	status, err := r.up.tell(ctx, http.MethodPost, r.sessions.headers(e, s), msg)
	switch {
	case err != nil:
		r.log.Warn("delivering a message", "method", e.method, "error", err)
	case status < http.StatusMultipleChoices:
		return true
	case status == http.StatusNotFound && s != nil && s.id != "" && !e.modern():
		// Not repeated: in a new session it may mean nothing. But the next
		// request need not find out.
		if err := r.reopen(s); err != nil {
			r.log.Warn("opening a new session", "error", err)
		}
	default:
		r.log.Warn("the server refused a message", "method", e.method, "status", status)
	}
	return false
}

// tooLate answers a request that a server makes in a session which was given
// up: its client may be asked the same in the new one, and a call of the old
// one would wait for ever.
func (r *relay) tooLate(s *session, e *envelope) {
	if !r.calls.hold() {
		return
	}
	f := &failure{Code: CodeStopping, Message: "the client has opened another session"}
	msg := f.answer(bytes.Clone(e.id))
	go func() {
		defer r.calls.workers.Done()
		defer r.calls.release()
		r.tell(&envelope{}, s, msg)
	}()
}
