// SPDX-License-Identifier: MIT

package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/jsonrpc/httpsse"
	"tailscale-mcp/internal/proxy/endpoint"
	"tailscale-mcp/internal/retry"
)

const methodInitialize = "initialize"

// idPrefix begins the ids of sessions, which no server gets to see.
const idPrefix = "tailscale-mcp-proxy-httpsse-"

const (
	// openTimeout is how long a stream may take until its first event, in which the
	// server says where it takes messages.
	openTimeout = 10 * time.Second
	// maxStreams is how many streams are open at once. There is one a session, and
	// where one was left behind the oldest ends.
	maxStreams = 4
	// maxRefusal is how much of the refusal of a POST is kept, in bytes.
	maxRefusal = 1 << 20
	// Pauses before another stream, while they follow each other closer than calm.
	firstPause   = 250 * time.Millisecond
	longestPause = 10 * time.Second
	calm         = retry.Longest
)

// fallBack tries HTTP+SSE after the POST of msg was refused with resp, which it returns
// if there is no such transport.
func (c *Client) fallBack(ctx context.Context, msg []byte, resp *http.Response) (*http.Response, error) {
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err) // which the relay scanned before
	}
	if e.Method != methodInitialize || e.Modern() {
		return resp, nil
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxRefusal)) // what there is of it
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if said, err := jsonrpc.Scan(bytes.Trim(body, jsonrpc.Space)); resp.StatusCode == http.StatusBadRequest && err == nil && said.SaysError() {
		return resp, nil // MCP is spoken here, and says no
	}
	s, err := c.open(ctx)
	var not *noStream
	switch {
	case err == nil:
	case ctx.Err() != nil || errors.As(err, &not) && not.elsewhere:
		return nil, c.unopened(err, &e)
	case not != nil && not.status == http.StatusUnauthorized && resp.StatusCode != http.StatusBadRequest:
		return nil, c.unopened(err, &e) // it knows a GET there, and no POST
	default:
		c.o.Log.Debug("no HTTP+SSE either", "reason", err)
		return resp, nil //nolint:nilerr // what the server said first is the answer
	}
	c.old.Store(true)
	c.o.Log.Info("the server speaks HTTP+SSE, the transport of MCP 2024-11-05")
	return c.begin(ctx, s, &e, make(http.Header, 8), msg)
}

// noStream is the error of a server that was reached and opened no stream.
type noStream struct {
	what      string
	status    int          // the HTTP status in its place; 0 when there was a stream
	failure   *fault.Error // for that status
	elsewhere bool         // the server speaks HTTP+SSE, and named a place that gets nothing
}

func (e *noStream) Error() string { return e.what }

// unopened is what the request e, which was not sent, is answered with when no stream
// could be opened because of err.
func (c *Client) unopened(err error, e *jsonrpc.Envelope) error {
	var not *noStream
	switch {
	case !errors.As(err, &not):
		f := *c.Endpoint.Failure(err, e)
		if f.Code == fault.CodeInterrupted {
			f.Message = fmt.Sprintf("opening the event stream of %s: %v", c.URL.Host, err)
		}
		f.Data = &fault.Data{Outcome: fault.NotSent}
		return &f
	case not.failure != nil:
		return not.failure
	}
	next := "; is this the URL of its event stream (often /sse)?"
	if not.elsewhere {
		next = ""
	}
	return &fault.Error{Code: fault.CodeBadAnswer, Message: c.URL.Host + ": " + not.what + next, Data: &fault.Data{Outcome: fault.NotSent}}
}

// open opens a stream. Its error is a *noStream unless the server was not reached.
func (c *Client) open(ctx context.Context) (*stream, error) {
	if !c.paced(ctx) {
		return nil, ctx.Err()
	}
	// The stream outlives the request that it is opened for.
	own, cancel := context.WithCancel(c.base)
	stop := context.AfterFunc(ctx, cancel)
	late := time.AfterFunc(c.OpenTimeout, cancel)
	s, err := c.greeted(own)
	slow, given := !late.Stop(), !stop()
	if err == nil && (slow || given || own.Err() != nil) {
		s.close()
		err = context.Canceled
	}
	if err != nil && slow && !given {
		err = &noStream{what: fmt.Sprintf("the server did not begin a stream with the event %q within %v", httpsse.EventEndpoint, c.OpenTimeout)}
	}
	if err != nil {
		cancel()
		return nil, err
	}
	s.cancel = cancel
	c.enter(s)
	c.o.Go(s.read)
	return s, nil
}

// greeted asks for a stream and reads its first event.
func (c *Client) greeted(ctx context.Context) (*stream, error) {
	resp, err := c.Endpoint.Listen(ctx, make(http.Header, 8))
	if err != nil {
		return nil, err
	}
	if t := endpoint.MediaType(resp); resp.StatusCode != http.StatusOK || t != endpoint.TypeEvents {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10)) // what there is of it
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			f := endpoint.StatusFailure(resp, body)
			f.Data.Outcome = fault.NotSent
			return nil, &noStream{what: f.Message, status: resp.StatusCode, failure: f}
		}
		return nil, &noStream{what: fmt.Sprintf("the server answered with the content type %q instead of a stream of events", jsonrpc.Excerpt([]byte(t))), status: resp.StatusCode}
	}
	s := &stream{client: c, ctx: ctx, url: resp.Request.URL, body: resp.Body, events: jsonrpc.NewEventReader(resp.Body, c.o.MaxMessage), ended: make(chan struct{}), waiting: map[string]*waiter{}}
	s.rest.limit, s.rest.changed = c.o.MaxMessage, make(chan struct{})
	to, err := httpsse.Open(s.events, s.url)
	if err != nil {
		s.close()
		return nil, &noStream{what: err.Error(), elsewhere: errors.Is(err, httpsse.ErrOtherOrigin) || errors.Is(err, httpsse.ErrBadURL)}
	}
	at := *c.Endpoint
	at.URL = to
	s.at = &at
	return s, nil
}

// paced waits until another stream may be opened. It reports false when ctx ended first.
// A server that ends its streams at once would otherwise be asked without end.
func (c *Client) paced(ctx context.Context) bool {
	c.mu.Lock()
	if time.Since(c.opened) > calm {
		c.pause = 0
	}
	wait := c.pause
	c.pause = min(max(2*c.pause, firstPause), longestPause)
	c.mu.Unlock()
	ok := wait == 0 || retry.Sleep(ctx, retry.Jitter(wait))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opened = time.Now()
	return ok
}

// enter keeps s, and ends the oldest stream if there are too many.
func (c *Client) enter(s *stream) {
	c.mu.Lock()
	c.made++
	s.id = idPrefix + strconv.Itoa(c.made)
	var over *stream
	if c.streams = append(c.streams, s); len(c.streams) > maxStreams {
		over = c.streams[0]
	}
	c.mu.Unlock()
	if over != nil {
		over.end()
	}
}

// leave forgets s.
func (c *Client) leave(s *stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, other := range c.streams {
		if other == s {
			c.streams = append(c.streams[:i:i], c.streams[i+1:]...)
			return
		}
	}
}
