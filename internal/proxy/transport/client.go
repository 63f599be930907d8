// SPDX-License-Identifier: MIT

package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/jsonrpc/httpsse"
	"tailscale-mcp/internal/proxy/endpoint"
)

// Kind is a transport, or the wish to find out which a server speaks.
type Kind string

// The kinds of a transport.
const (
	Auto Kind = "auto"
	HTTP Kind = "http" // Streamable HTTP
	SSE  Kind = "sse"  // HTTP+SSE
)

// Words are those by which a person chooses one.
func Words() []string { return []string{string(Auto), string(HTTP), string(SSE)} }

// Name is that of the transport in the specification.
func (k Kind) Name() string {
	switch k {
	case HTTP:
		return "Streamable HTTP"
	case SSE:
		return "HTTP+SSE"
	}
	return "no transport that is known"
}

// String implements [pflag.Value].
func (k *Kind) String() string { return string(*k) }

// Set implements [pflag.Value].
func (k *Kind) Set(s string) error {
	if !slices.Contains(Words(), s) {
		return fmt.Errorf("there is no transport %q", s)
	}
	*k = Kind(s)
	return nil
}

// Form says what it can be, for who wrote something else.
func (*Kind) Form() string { return "it is one of: " + strings.Join(Words(), ", ") }

// Type implements [pflag.Value].
func (*Kind) Type() string { return "transport" }

// Options say what a Client speaks to, and within what bounds.
type Options struct {
	Kind       Kind           // empty is Auto
	MaxMessage int            // the size of the largest message of the server, in bytes
	Go         func(f func()) // runs f beside the caller
	Log        *slog.Logger
	// Found is called when it is known which transport the server speaks, and when
	// that changes; it must not block. It may be nil.
	Found func(Kind)
}

// Client sends messages to one server and takes its answers. It has the methods of an
// Endpoint. It may be used by many at once.
type Client struct {
	*endpoint.Endpoint
	// OpenTimeout is how long a stream may take until its first event: openTimeout,
	// except in tests. It is set before the first message.
	OpenTimeout time.Duration

	o     Options
	base  context.Context // of streams, which outlive the request that opened them
	old   atomic.Bool     // HTTP+SSE is spoken
	found atomic.Bool     // it was said that Streamable HTTP is

	mu      sync.Mutex
	spoken  Kind      // as it was said last
	streams []*stream // that have not ended, the oldest first
	made    int       // how many were opened
	opened  time.Time // the last one
	pause   time.Duration

	lingering chan struct{} // a slot per POST without an answer whose message has one
}

// New returns a client of the server at e, whose streams end with ctx. It sends nothing.
func New(ctx context.Context, e *endpoint.Endpoint, o Options) *Client {
	c := &Client{Endpoint: e, OpenTimeout: openTimeout, o: o, base: ctx, lingering: make(chan struct{}, maxLingering)}
	c.old.Store(o.Kind == SSE)
	return c
}

// Post is that of Endpoint.
func (c *Client) Post(ctx context.Context, h http.Header, msg []byte) (*http.Response, error) {
	if c.older(h) {
		return c.ask(ctx, h, msg)
	}
	session := h[endpoint.HeaderSession] != nil
	resp, err := c.Endpoint.Post(ctx, h, msg)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < http.StatusMultipleChoices && !c.found.Load() {
		c.speaks(HTTP)
	}
	if c.o.Kind == HTTP || session || !httpsse.Maybe(resp.StatusCode) {
		return resp, nil
	}
	return c.fallBack(ctx, msg, resp)
}

// Older notes that the server answered the POST of initialize with a stream of HTTP+SSE,
// as one does that takes any method for a GET. It reports whether that is spoken from now
// on, which it is unless Streamable HTTP was asked for.
func (c *Client) Older() bool {
	if c.o.Kind == HTTP {
		return false
	}
	c.old.Store(true)
	return true
}

// older reports whether a message with the headers h is one of HTTP+SSE: a session of
// such a stream stays one, whatever the server has come to speak.
func (c *Client) older(h http.Header) bool {
	if c.old.Load() {
		return true
	}
	id := h[endpoint.HeaderSession]
	return len(id) > 0 && strings.HasPrefix(id[0], idPrefix)
}

// speaks notes that the server was found to speak k.
func (c *Client) speaks(k Kind) {
	c.mu.Lock()
	news := c.spoken != k
	c.spoken = k
	c.mu.Unlock()
	c.found.Store(k == HTTP)
	if news && c.o.Found != nil {
		c.o.Found(k)
	}
}

// ask sends the request msg over HTTP+SSE.
func (c *Client) ask(ctx context.Context, h http.Header, msg []byte) (*http.Response, error) {
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		return nil, fmt.Errorf("reading the request: %w", err) // which the relay scanned before
	}
	s, id := c.session(h)
	switch {
	case s != nil:
		return s.ask(ctx, &e, h, msg)
	case e.Modern():
		// As a legacy server says it, so that a client of both eras falls back.
		return refusal(&e, fault.MethodNotFound, "the server speaks HTTP+SSE, the transport of MCP 2024-11-05: it knows nothing of newer revisions without a session"), nil
	case id != "":
		return status(http.StatusNotFound), nil
	case e.Method != methodInitialize:
		return refusal(&e, fault.InvalidRequest, "a server that speaks HTTP+SSE takes nothing before initialize"), nil
	}
	s, err = c.open(ctx)
	var not *noStream
	if c.o.Kind != SSE && errors.As(err, &not) && not.status != 0 {
		// Where there was a stream there is none: a newer server may be in its place.
		c.old.Store(false)
		return c.Endpoint.Post(ctx, h, msg)
	}
	if err != nil {
		return nil, c.unopened(err, &e)
	}
	return c.begin(ctx, s, &e, h, msg)
}

// begin sends initialize on the new stream s, which ends unless it opens a session.
func (c *Client) begin(ctx context.Context, s *stream, e *jsonrpc.Envelope, h http.Header, msg []byte) (*http.Response, error) {
	c.speaks(SSE)
	resp, err := s.ask(ctx, e, h, msg)
	if err != nil || !succeeded(resp) {
		s.end()
		if err == nil {
			err = misplaced(resp)
		}
		return resp, err
	}
	resp.Header[endpoint.HeaderSession] = []string{s.id}
	return resp, nil
}

// Notify is that of Endpoint.
func (c *Client) Notify(ctx context.Context, verb string, h http.Header, msg []byte) (int, error) {
	if !c.older(h) {
		return c.Endpoint.Notify(ctx, verb, h, msg)
	}
	s, id := c.session(h)
	switch {
	case s == nil && id == "":
		return http.StatusBadRequest, nil // no stream, and nothing that opens one
	case s == nil:
		return http.StatusNotFound, nil
	case verb == http.MethodDelete:
		s.end()
		return http.StatusNoContent, nil
	}
	code, err := s.at.Notify(ctx, verb, h, msg)
	return s.noted(code), err
}

// Listen is that of Endpoint.
func (c *Client) Listen(ctx context.Context, h http.Header) (*http.Response, error) {
	if !c.older(h) {
		return c.Endpoint.Listen(ctx, h)
	}
	resuming := h[endpoint.HeaderLastEvent] != nil
	s, id := c.session(h)
	switch {
	case s == nil && id != "":
		return status(http.StatusNotFound), nil
	case s == nil || resuming || !s.rest.listen():
		return status(http.StatusMethodNotAllowed), nil
	}
	resp := status(http.StatusOK)
	resp.Header[endpoint.HeaderType] = []string{endpoint.TypeEvents}
	resp.Body, resp.ContentLength = &listener{ctx: ctx, rest: &s.rest}, -1
	return resp, nil
}

// Failure is that of Endpoint.
func (c *Client) Failure(err error, req *jsonrpc.Envelope) *fault.Error {
	var f *fault.Error
	if errors.As(err, &f) {
		return f
	}
	return c.Endpoint.Failure(err, req)
}

// session takes the session id out of h, which the server does not know, and returns the
// stream that has it; nil when that has ended.
func (c *Client) session(h http.Header) (s *stream, id string) {
	if values := h[endpoint.HeaderSession]; len(values) > 0 {
		id = values[0]
	}
	delete(h, endpoint.HeaderSession)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.streams {
		if s.id == id {
			return s, id
		}
	}
	return nil, id
}
