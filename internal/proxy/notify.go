// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
)

// notifyTimeout bounds the delivery of what has no answer: notifications,
// cancellations, and the client's answers.
const notifyTimeout = 30 * time.Second

// notification passes a notification of the client on to the server. Those of a session
// keep their order.
func (r *relay) notification(e jsonrpc.Envelope, msg []byte) {
	if e.Method == methodCancelled {
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
			if e.Method == methodInitialized {
				b.Initialized(s.ctx)
			} // and a modern server has no use for any other
		case e.Method == methodInitialized && s != nil:
			// Kept before it is sent: a session that is opened anew because this
			// finds it forgotten is sent it too.
			r.sessions.greeted(msg)
			if r.notify(&e, s, msg) {
				r.push(s)
			}
		default:
			r.notify(&e, s, msg)
		}
	}()
}

// cancelled ends the call that a notifications/cancelled of the client names. It gets no
// answer any more. A legacy server gets the notification. A modern one sees its response stream closed and is
// sent nothing (2026-07-28, "Transport-Specific Cancellation").
func (r *relay) cancelled(e *jsonrpc.Envelope, msg []byte) {
	if !jsonrpc.UsableID(e.RequestID) {
		return
	}
	c, sent := r.calls.drop(e.RequestID)
	s, b := r.bridged()
	closing := c != nil && (c.modern || !sent) || b != nil
	if c != nil {
		r.log.Debug("cancelled", "id", string(c.id), "method", c.env.Method)
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
		r.notify(e, s, msg)
	}()
}

// response passes a response of the client on to the server, if the session in which the
// server sent the request is still the current one.
func (r *relay) response(e jsonrpc.Envelope, msg []byte) {
	a := r.asks.take(e.ID)
	switch {
	case a != nil && a.answer != nil:
		a.answer(msg)
		return
	case a == nil || a.session != r.sessions.current():
		r.log.Warn("dropping a response: nobody waits for it", "id", string(e.ID))
		return
	case !r.calls.hold():
		return
	}
	go func() {
		defer r.calls.workers.Done()
		defer r.calls.release()
		r.notify(&e, a.session, jsonrpc.WithID(msg, &e, a.theirs))
	}()
}

// notify sends the server a message that has no answer, in the session s, nil outside
// one. It reports whether the server accepted the message.
func (r *relay) notify(e *jsonrpc.Envelope, s *session, msg []byte) bool {
	ctx, cancel := context.WithTimeout(r.ctx, notifyTimeout)
	defer cancel()
	status, err := r.up.Notify(ctx, http.MethodPost, r.sessions.headers(e, s), msg)
	switch {
	case err != nil:
		r.log.Warn("delivering a message", "method", e.Method, "error", err)
	case status < http.StatusMultipleChoices:
		return true
	case status == http.StatusNotFound && s != nil && s.id != "" && !e.Modern():
		// Not repeated: in a new session it may mean nothing. But the next
		// request need not find out.
		if err := r.reopen(s); err != nil {
			r.log.Warn("opening a new session", "error", err)
		}
	default:
		r.log.Warn("the server refused a message", "method", e.Method, "status", status)
	}
	return false
}

// maxDeclined is how many error responses to requests of the server may be on their way
// at once. Those over it are dropped: a server with so many open takes none.
const maxDeclined = 16

// decline answers the request e of the server with the error f. The client does not get
// the request.
func (r *relay) decline(s *session, e *jsonrpc.Envelope, f *fault.Error) {
	select {
	case r.declining <- struct{}{}:
	default:
		return
	}
	if !r.calls.hold() {
		<-r.declining
		return
	}
	msg := f.Answer(bytes.Clone(e.ID))
	go func() {
		defer r.calls.workers.Done()
		defer r.calls.release()
		defer func() { <-r.declining }()
		r.notify(&jsonrpc.Envelope{}, s, msg)
	}()
}
