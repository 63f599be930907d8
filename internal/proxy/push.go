// SPDX-License-Identifier: MIT

package proxy

import (
	"context"
	"net/http"
	"sync"
	"time"

	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/proxy/endpoint"
	"tailscale-mcp/internal/retry"
)

// Bounds of the streams that are asked for by GET.
const (
	minPause    = 20 * time.Millisecond // between two of them, whatever the server asks for
	maxFailures = 5                     // in a row, of resuming a response
	streamWait  = time.Second           // for the server's answer to the first one
)

// push opens the stream of the session s by GET (2025-11-25, "Listening for Messages from
// the Server"), on which a legacy server sends what belongs to no call, and keeps it
// open for as long as the session lasts. Servers need not offer it.
//
// It returns when the server has answered, for what is sent next may be a call
// for which the server sends the client a request: a server without a stream for that
// drops it, and the call is never answered. Some servers answer only with their first
// event, so the time is limited.
func (r *relay) push(s *session) {
	answered := make(chan struct{})
	settle := sync.OnceFunc(func() { close(answered) })
	r.calls.workers.Go(func() {
		defer settle()
		at, wait := position{}, retry.First
		for {
			more, got := r.pushed(s, &at, settle)
			if !more || s.ctx.Err() != nil {
				return
			}
			if got {
				wait = retry.First
			}
			if !retry.Sleep(s.ctx, at.pause(wait)) {
				return
			}
			wait = min(2*wait, retry.Longest)
		}
	})
	t := time.NewTimer(streamWait)
	defer t.Stop()
	select {
	case <-answered:
	case <-t.C:
		r.log.Debug("the server has not answered the request for the stream of the session yet")
	case <-s.ctx.Done():
	}
}

// pushed sends one GET for the stream of the session s and passes on its events until it
// ends. It calls settle when the server has answered. more says whether to send
// another GET, got whether there were events.
func (r *relay) pushed(s *session, at *position, settle func()) (more, got bool) {
	resp, err := r.listenAfter(s.ctx, s, at.lastID)
	settle()
	if err != nil {
		r.log.Debug("asking for the stream of the session", "error", err)
		return true, false
	}
	defer func() { _ = resp.Body.Close() }()
	switch code := resp.StatusCode; {
	case code == http.StatusOK && endpoint.MediaType(resp) == endpoint.TypeEvents:
		now, err := r.events(nil, s, resp)
		r.log.Debug("the stream of the session ended", "error", err)
		if now.lastID != "" {
			at.lastID = now.lastID
		}
		at.retry = now.retry
		return true, now.any
	case code == http.StatusNotFound && s.id != "":
		// A session that was opened anew has its own stream.
		if err := r.reopen(s); err != nil {
			r.log.Warn("opening a new session", "error", err)
			return true, false
		}
		return false, false
	case code >= 500, code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code == http.StatusForbidden, code == http.StatusUnauthorized:
		r.log.Debug("asking for the stream of the session", "status", code)
		return true, false
	default:
		r.log.Debug("the server offers no stream", "status", code)
		return false, false
	}
}

// resume sends a GET for the rest of the response to c, whose connection ended before
// the answer (2025-11-25, "Resumability and Redelivery"), and again until it is there.
func (r *relay) resume(ctx context.Context, c *call, s *session, at position) {
	for failures := 0; failures < maxFailures; {
		if !retry.Sleep(ctx, at.pause(retry.First)) {
			return
		}
		resp, err := r.listenAfter(ctx, s, at.lastID)
		if err != nil {
			r.log.Debug("resuming a response", "id", string(c.id), "error", err)
			failures++
			continue
		}
		if resp.StatusCode != http.StatusOK || endpoint.MediaType(resp) != endpoint.TypeEvents {
			endpoint.Discard(resp.Body)
			_ = resp.Body.Close()
			r.log.Debug("resuming a response", "id", string(c.id), "status", resp.StatusCode)
			break
		}
		now, err := r.events(c, s, resp)
		_ = resp.Body.Close()
		if r.calls.done(c) {
			return
		}
		r.log.Debug("resuming a response", "id", string(c.id), "error", err)
		if now.lastID != "" {
			at.lastID = now.lastID
		}
		if now.retry > 0 {
			at.retry = now.retry
		}
		// A server may let its client poll for as long as the call takes, but
		// then it says how often.
		if failures++; now.any || at.retry > 0 {
			failures = 0
		}
	}
	r.fail(c, &fault.Error{
		Code:    fault.CodeInterrupted,
		Message: "the server's response broke off before the answer and could not be resumed; " + fault.Again(&c.env),
		Data:    &fault.Data{Outcome: fault.Unknown},
	})
}

// listenAfter sends a GET for the events after the one with the id lastID, or for those
// to come if that is "".
func (r *relay) listenAfter(ctx context.Context, s *session, lastID string) (*http.Response, error) {
	h := s.headers()
	if lastID != "" {
		h[endpoint.HeaderLastEvent] = []string{lastID}
	}
	return r.up.Listen(ctx, h)
}

// pause returns the time to wait before the next GET: the "retry" of the stream, else
// about the usual time.
func (p position) pause(usual time.Duration) time.Duration {
	if p.retry > 0 {
		return max(p.retry, minPause)
	}
	return retry.Jitter(usual)
}
