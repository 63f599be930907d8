// SPDX-License-Identifier: MIT

package remote

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/httpsse"
	"tailscale-mcp/internal/retry"
	"tailscale-mcp/internal/upstream/frame"
	"tailscale-mcp/internal/upstream/process"
)

const (
	// mostResumes is how often in a row the rest of a response is asked for in vain.
	mostResumes = 5
	// leastPause is the shortest between two requests for a stream, whatever a server asks
	// for; the longest is retry.Longest.
	leastPause = 20 * time.Millisecond
	// leastRest is the shortest from one request for the rest of a response to the next, but for
	// the first, while a call lasts.
	leastRest = 200 * time.Millisecond
	// leastAgain is the shortest from one request for the stream of a session to the next: it
	// is asked for as long as the session lasts, and each may cost a handshake.
	leastAgain = time.Second
	// lingerTime is how long a response may stay open behind its answer. Servers close it
	// at once as a rule, and then the connection can be used again.
	lingerTime = time.Second
	// mostLarge is how many messages of more than largeSize may be under way at once.
	mostLarge = 2
	largeSize = 1 << 20
	// mostNoise is how much of a stream may be no message, in bytes, before one comes.
	mostNoise = 1 << 20
)

// position is how far a stream was read.
type position struct {
	lastID string        // empty: the server does not number its events
	retry  time.Duration // the pause that it asks for
	any    bool          // something was on it
}

// polled reports whether a server that had nothing to say has asked to be asked again: it need
// not keep a stream open for as long as its work takes (2025-11-25, "Sending Messages to the
// Server").
func (at position) polled() bool { return at.lastID != "" || at.retry > 0 }

func (at position) pause(otherwise time.Duration) time.Duration {
	if at.retry > 0 {
		return min(max(at.retry, leastPause), retry.Longest)
	}
	return retry.Jitter(otherwise)
}

// streamed takes the messages of a response, and of the rest of it where it breaks off and
// the server has numbered its events (2025-11-25, "Resumability and Redelivery").
func (l *link) streamed(x *exchange, resp *http.Response) error {
	at, err := l.events(x.ctx, x, resp)
	vain, began := 0, time.Time{}
	for !x.finished() {
		if errors.Is(err, jsonrpc.ErrTooLarge) {
			return l.tooLarge()
		}
		if errors.Is(err, errNoRoom) {
			return l.noRoom()
		}
		if x.modern || at.lastID == "" || errors.Is(err, errEndless) || vain == mostResumes {
			return l.broken(err)
		}
		if !retry.Sleep(x.ctx, max(at.pause(retry.First), leastRest-time.Since(began))) {
			return x.ctx.Err()
		}
		began = time.Now()
		rest, again := l.get(x.ctx, at.lastID)
		if again != nil {
			l.log.Debug("the rest of a response was not to be had", "err", again)
			vain++
			continue
		}
		if rest.StatusCode != http.StatusOK || mediaType(rest) != typeEvents {
			_ = rest.Body.Close()
			if rest.StatusCode >= http.StatusInternalServerError || rest.StatusCode == http.StatusTooManyRequests {
				vain++
				continue
			}
			return l.broken(err)
		}
		var now position
		now, err = l.events(x.ctx, x, rest)
		_ = rest.Body.Close()
		if vain++; now.any || now.polled() {
			vain = 0
		}
		if at.retry = now.retry; now.lastID != "" {
			at.lastID = now.lastID
		}
	}
	return nil
}

// get asks for a stream, behind the event with an id if there is one.
func (l *link) get(ctx context.Context, lastID string) (*http.Response, error) {
	var h http.Header
	if lastID != "" {
		if !visible(lastID) {
			return nil, errors.New("the id of its last event is none that can be named")
		}
		h = http.Header{"Last-Event-Id": {lastID}}
	}
	return l.send(ctx, http.MethodGet, nil, nil, h)
}

// events takes the messages of one stream to where they belong, and returns where it ended
// and why; x is the request that it answers, nil for the stream of a session.
func (l *link) events(ctx context.Context, x *exchange, resp *http.Response) (at position, err error) {
	m := l.meter(ctx, resp.Body)
	defer m.next()
	r := jsonrpc.NewEventReader(m, frame.MaxLine)
	defer r.Close()
	for {
		ev, err := r.Next()
		if r.LastID != "" {
			at.lastID = r.LastID
		}
		at.retry = r.Retry
		if err != nil {
			return at, err
		}
		at.any = true
		l.event(x, ev, resp.Header)
		m.next()
		if x != nil && x.finished() {
			timer := time.AfterFunc(lingerTime, x.cancel)
			_, _ = io.CopyN(io.Discard, resp.Body, 4<<10)
			timer.Stop()
			return at, io.EOF
		}
	}
}

// event takes one event of a stream. One that is no message counts as if it were rubbish: a
// server is slowed down by whatever it says and nobody has asked for.
func (l *link) event(x *exchange, ev jsonrpc.Event, h http.Header) {
	if ev.Name != "" && ev.Name != httpsse.EventMessage {
		l.deliver(process.Received{Line: jsonrpc.Line{Msg: blank(ev.Data)}})
		return
	}
	l.message(x, ev.Data, h)
}

// blank is data as a message that is none, as long as it was.
func blank(data []byte) []byte {
	for i := range data {
		data[i] = ' '
	}
	return data
}

// message takes one message of a stream.
func (l *link) message(x *exchange, data []byte, h http.Header) {
	msg := bytes.Trim(data, jsonrpc.Space)
	e, err := jsonrpc.Scan(msg)
	if err == nil && e.Repeated == "" { // or it is none, and is counted as that
		switch e.Kind() {
		case jsonrpc.Response:
			if of := l.of(x, &e); of != nil {
				l.answer(of, &e, msg, h)
				return
			}
			msg = blank(msg) // nobody waits for it
		case jsonrpc.ErrorWithoutID:
			if x != nil {
				l.answer(x, &e, msg, h)
				return
			}
		default:
			if e.Multiline {
				msg = jsonrpc.OneLine(msg)
			}
		}
	}
	of := int64(0)
	if x != nil {
		of = x.id
	}
	l.deliver(process.Received{Line: jsonrpc.Line{Msg: msg}, Of: of})
}

// of is the request that a response on the stream of x is for: x as a rule, or another of
// the older era whose own stream has ended.
func (l *link) of(x *exchange, e *jsonrpc.Envelope) *exchange {
	if x != nil && jsonrpc.IDKey(e.ID) == jsonrpc.IDKey(x.env.ID) {
		return x
	}
	id, err := strconv.ParseInt(jsonrpc.IDKey(e.ID), 10, 64)
	if err != nil || x != nil && x.modern {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open[id]
}

// listen opens the stream of the session, on which a server says what belongs to no request,
// and keeps it open; a server need not have one. It returns when that is settled.
func (l *link) listen() {
	settled := make(chan struct{})
	settle := sync.OnceFunc(func() { close(settled) })
	go func() {
		defer settle()
		at, wait, had := position{}, retry.First, false
		for {
			began, vain := time.Now(), true
			_, nth := l.headers.clone()
			resp, err := l.get(l.ctx, at.lastID)
			settle()
			if err == nil {
				status := resp.StatusCode
				if status != http.StatusOK || mediaType(resp) != typeEvents {
					_ = resp.Body.Close()
					refused := status == http.StatusUnauthorized && (l.headers.renew(l.ctx, nth) || had) // as a call may be meanwhile
					if status < http.StatusInternalServerError && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout && !refused {
						l.log.Debug("the server has no stream", "status", status)
						return
					}
				} else {
					had = true
					now, _ := l.events(l.ctx, nil, resp)
					_ = resp.Body.Close()
					if at.retry = now.retry; now.lastID != "" {
						at.lastID = now.lastID
					}
					if now.any || now.polled() {
						wait, vain = retry.First, false
					}
				}
			}
			pause := max(at.pause(wait), leastAgain-time.Since(began))
			if vain { // whatever it has asked for before
				pause = max(pause, retry.Jitter(wait))
			}
			if !retry.Sleep(l.ctx, pause) {
				return
			}
			wait = min(2*wait, retry.Longest)
		}
	}()
	timer := time.NewTimer(streamWait)
	defer timer.Stop()
	select {
	case <-settled:
	case <-timer.C:
	case <-l.ctx.Done():
	}
}
