// SPDX-License-Identifier: MIT

package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/httpsse"
	"tailscale-mcp/internal/upstream/frame"
	"tailscale-mcp/internal/upstream/process"
)

// The transport HTTP+SSE of 2024-11-05 has one stream for all that a server says, which it
// begins with the place that messages are posted to. The end of the stream is that of the
// session.

// openTime is how long a server may take to begin its stream.
const openTime = 30 * time.Second

// older has a request wait for its answer on the stream, once the server has taken it.
func (l *link) older(x *exchange) error {
	l.mu.Lock()
	opened := l.post != nil
	l.mu.Unlock()
	if !opened {
		if err := l.begin(x.ctx); err != nil {
			return err
		}
	}
	go func() { // a server may answer on its stream and never take the POST
		select {
		case <-x.done:
			time.AfterFunc(lingerTime, x.cancel)
		case <-x.ctx.Done():
		}
	}()
	resp, err := l.send(x.ctx, http.MethodPost, &x.env, x.msg, x.header)
	if err != nil {
		return l.failure(err)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer func() { _ = resp.Body.Close() }()
		return l.refusal(x, resp)
	}
	go discard(resp) // which ends with the exchange at the latest
	select {
	case <-x.done:
	case <-x.ctx.Done():
	}
	return nil
}

// begin opens the stream, and goes on reading it for as long as the session lasts.
func (l *link) begin(ctx context.Context) error {
	late := time.AfterFunc(openTime, func() { l.stop(errLate) })
	defer late.Stop()
	given := context.AfterFunc(ctx, func() { l.stop(ctx.Err()) }) // nobody waits for the start any more
	defer given()
	resp, err := l.get(l.ctx, "") //nolint:bodyclose // what reads it closes it
	if err != nil {
		return l.failure(err)
	}
	if resp.StatusCode != http.StatusOK || mediaType(resp) != typeEvents {
		defer discard(resp)
		if resp.StatusCode == http.StatusOK {
			return l.noMCP(resp.StatusCode, mediaType(resp))
		}
		err := l.status(resp.StatusCode, resp.Header, nil)
		var u *process.Unanswered
		if errors.As(err, &u) && httpsse.Maybe(resp.StatusCode) {
			u.Next = `it has no event stream there: take "type" out of its entry, or see whether "url" is right`
		}
		return err
	}
	m := l.meter(l.ctx, resp.Body)
	events := jsonrpc.NewEventReader(m, frame.MaxLine)
	post, err := httpsse.Open(events, l.at)
	if err != nil {
		events.Close()
		m.next()
		_ = resp.Body.Close()
		return l.bad("an event stream that is none of the transport sse: " + l.words(err.Error()))
	}
	l.mu.Lock()
	l.post = post
	l.mu.Unlock()
	m.next()
	go func() {
		defer func() { _ = resp.Body.Close() }()
		defer events.Close()
		defer m.next()
		for {
			ev, err := events.Next()
			if err != nil {
				l.stop(&process.Ended{Server: l.server, How: "its event stream " + how(err)})
				return
			}
			l.event(nil, ev, resp.Header)
			m.next()
		}
	}()
	return nil
}

var errLate = fmt.Errorf("it did not begin its event stream within %s", openTime)

func how(err error) string {
	switch {
	case errors.Is(err, jsonrpc.ErrTooLarge):
		return fmt.Sprintf("had a message of more than %d MiB", frame.MaxLine>>20)
	case errors.Is(err, errNoRoom):
		return "was cut off, since " + errNoRoom.Error()
	case errors.Is(err, errEndless):
		return "went on and on without a message"
	}
	return "broke off"
}
