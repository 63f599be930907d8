// SPDX-License-Identifier: MIT

package proxy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/jsonrpc/httpsse"
	"tailscale-mcp/internal/proxy/endpoint"
)

const (
	// maxErrorBody is how much of the body of an HTTP error is read, in bytes, for a
	// JSON-RPC error in it.
	maxErrorBody = 1 << 20
	// lingerTime is how long a response stream may stay open after the answer
	// was on it. Servers close it at once as a rule, and then the connection
	// can be used again.
	lingerTime = time.Second
	// discoverTimeout is how soon server/discover is answered when the server
	// is not: clients take that probe's silence for an older server.
	discoverTimeout = 2 * time.Second
)

// exchange sends the request of c and passes on its response. again says whether the
// request may be sent once more when the server says that it did not accept it: because
// it does not know the session, or because of headers that its tools ask for.
func (r *relay) exchange(ctx context.Context, c *call, again bool) {
	s := r.sessions.current()
	if c.modern || c.env.Method == methodInitialize {
		s = nil
	}
	if c.env.Method == methodDiscover {
		late := time.AfterFunc(discoverTimeout, func() {
			r.fail(c, &fault.Error{
				Code:    fault.CodeUnreachable,
				Message: fmt.Sprintf("%s did not answer within %v", r.up.URL.Host, discoverTimeout),
				Data:    &fault.Data{Outcome: fault.Unknown},
			})
			c.cancel()
		})
		defer late.Stop()
	}
	h := r.sessions.headers(&c.env, s)
	r.mirror(c, h)
	resp, err := r.up.Post(ctx, h, c.msg)
	if err != nil {
		if !r.calls.done(c) {
			r.broke(c, r.up.Failure(err, &c.env))
		}
		return
	}
	defer func() { _ = resp.Body.Close() }()
	r.log.Debug("response", "id", string(c.id), "method", c.env.Method, "status", resp.StatusCode, "type", resp.Header.Get(endpoint.HeaderType))

	switch t := endpoint.MediaType(resp); {
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what there is of it
		if again && s != nil && forgotten(s, resp.StatusCode, body) {
			r.renew(ctx, c, s)
			return
		}
		if again && mismatched(c, body) && r.relearn(ctx, c) {
			r.exchange(ctx, c, false)
			return
		}
		r.refusal(c, resp, body)
	case t == endpoint.TypeJSON && resp.StatusCode != http.StatusNoContent:
		jsonrpc.GiveBack(r.single(c, resp))
	case t == endpoint.TypeEvents:
		r.stream(ctx, c, s, resp)
	default:
		r.fail(c, badAnswer(&c.env, fmt.Sprintf("HTTP %d with content type %q instead of an answer", resp.StatusCode, resp.Header.Get(endpoint.HeaderType))))
	}
}

// twice describes a message with a member that is there twice.
func twice(e *jsonrpc.Envelope) string { return fmt.Sprintf("a message that has %q twice", e.Repeated) }

// badAnswer returns the error of a request e to which the server sent what is no answer.
func badAnswer(e *jsonrpc.Envelope, what string) *fault.Error {
	return &fault.Error{Code: fault.CodeBadAnswer, Message: "the server sent " + what + "; " + fault.Again(e), Data: &fault.Data{Outcome: fault.Unknown}}
}

// forgotten reports whether an HTTP error says that the server does not know
// the session, and thus did not take the request. Some servers say with the
// same status that they do not know a method.
func forgotten(s *session, status int, body []byte) bool {
	if status != http.StatusNotFound || s.id == "" {
		return false
	}
	var said struct{ Error struct{ Code int } }
	return json.Unmarshal(body, &said) != nil || said.Error.Code != fault.MethodNotFound
}

// renew opens a session in place of s and sends the request of c once more.
func (r *relay) renew(ctx context.Context, c *call, s *session) {
	if err := r.reopen(s); err != nil {
		r.fail(c, &fault.Error{
			Code:    fault.CodeHTTPStatus,
			Message: "the server forgot the session, and opening a new one failed: " + err.Error(),
			Data:    &fault.Data{HTTPStatus: http.StatusNotFound, Outcome: fault.NotSent},
		})
		return
	}
	r.exchange(ctx, c, false)
}

// refusal answers c with the JSON-RPC error in the body of an HTTP error, or with one
// that names the status.
func (r *relay) refusal(c *call, resp *http.Response, body []byte) {
	if fault.PassingStatus(resp.StatusCode) && c.subscription != nil && c.subscription.Accepted() {
		r.broke(c, endpoint.StatusFailure(resp, body))
		return
	}
	msg := bytes.Trim(body, jsonrpc.Space)
	e, err := jsonrpc.Scan(msg)
	// An HTTP error is about its request, whatever id it names: some servers have
	// one of their own for all of them.
	if k := e.Kind(); err == nil && e.Repeated == "" && e.SaysError() && (k == jsonrpc.ErrorWithoutID || k == jsonrpc.Response && (!e.HasResult || c.answeredBy(&e))) {
		if e.Multiline {
			jsonrpc.OneLine(msg)
		}
		r.deliver(c, &e, msg, resp.Header)
		return
	}
	r.fail(c, endpoint.StatusFailure(resp, body))
}

// single answers c with the one message of the body of resp, and returns the size of
// that body in bytes.
func (r *relay) single(c *call, resp *http.Response) int {
	body, err := jsonrpc.ReadAll(resp.Body, resp.ContentLength, r.cfg.MaxMessage)
	switch {
	case errors.Is(err, jsonrpc.ErrTooLarge):
		r.fail(c, tooLarge(&c.env))
		return 0
	case err != nil:
		r.fail(c, cutOff(err, &c.env))
		return 0
	}
	msg := bytes.Trim(body, jsonrpc.Space)
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		r.fail(c, badAnswer(&c.env, "a body that is "+err.Error()))
		return len(body)
	}
	if e.Multiline {
		jsonrpc.OneLine(msg)
	}
	switch k := e.Kind(); {
	case k != jsonrpc.Response && k != jsonrpc.ErrorWithoutID:
		r.fail(c, badAnswer(&c.env, "a message that is no response"))
	case e.Repeated != "":
		r.fail(c, badAnswer(&c.env, twice(&e)))
	case !c.answeredBy(&e):
		r.fail(c, badAnswer(&c.env, "the answer to another request, with the id "+jsonrpc.Excerpt(e.ID)))
	default:
		r.deliver(c, &e, msg, resp.Header)
	}
	return len(body)
}

// stream passes on the messages of the event stream of resp, the answer to c among them,
// and resumes the stream if it ends before that answer.
func (r *relay) stream(ctx context.Context, c *call, s *session, resp *http.Response) {
	at, err := r.events(c, s, resp)
	if r.calls.done(c) {
		return
	}
	switch {
	case errors.Is(err, errOlder) && !c.older && r.up.Older():
		c.older = true
		_ = resp.Body.Close()
		r.exchange(ctx, c, false)
	case errors.Is(err, errOlder):
		r.fail(c, &fault.Error{Code: fault.CodeBadAnswer, Message: "the server answered with an event stream of HTTP+SSE, the transport of MCP 2024-11-05; try --transport sse", Data: &fault.Data{Outcome: fault.NotSent}})
	case errors.Is(err, jsonrpc.ErrTooLarge):
		r.fail(c, tooLarge(&c.env))
	case s != nil && at.lastID != "":
		r.resume(ctx, c, s, at)
	default:
		r.broke(c, cutOff(err, &c.env))
	}
}

// errOlder ends the response to initialize that is a stream of HTTP+SSE: no answer comes
// on it.
var errOlder = errors.New("the response is an event stream of HTTP+SSE")

// position is how far an event stream was read, and how it is resumed.
type position struct {
	lastID string        // "" when the server does not number events
	retry  time.Duration // how long to wait before asking for more
	any    bool          // something was on it
}

// events passes on the messages of one event stream, and returns the position at its
// end. Its error is never nil; io.EOF says that the response ended as it should. c is
// the call of the response, nil on the stream of a session.
func (r *relay) events(c *call, s *session, resp *http.Response) (position, error) {
	er := jsonrpc.NewEventReader(resp.Body, r.cfg.MaxMessage)
	defer er.Close()
	at := position{}
	var linger *time.Timer
	for {
		ev, err := er.Next()
		if er.LastID != "" {
			at.lastID = er.LastID
		}
		at.retry = er.Retry
		if err != nil {
			if linger != nil {
				linger.Stop()
			}
			return at, err
		}
		at.any = true
		if ev.Name == httpsse.EventEndpoint && c != nil && c.env.Method == methodInitialize && !r.calls.done(c) {
			return at, errOlder
		}
		if ev.Name != "" && ev.Name != "message" {
			continue
		}
		n := len(ev.Data)
		r.fromServer(ev.Data, c, s, resp.Header)
		jsonrpc.GiveBack(n)
		if c != nil && linger == nil && r.calls.done(c) {
			linger = time.AfterFunc(lingerTime, c.cancel)
		}
	}
}

// tooLarge returns the error of a request e with an answer above the size limit.
func tooLarge(e *jsonrpc.Envelope) *fault.Error {
	return &fault.Error{Code: fault.CodeTooLarge, Message: "the server's answer is larger than the limit; see --max-message; " + fault.Again(e), Data: &fault.Data{Outcome: fault.Unknown}}
}

// cutOff returns the error of a request e whose response ended before the answer.
func cutOff(err error, e *jsonrpc.Envelope) *fault.Error {
	why := "the server ended its response before the answer"
	if !errors.Is(err, io.EOF) {
		why = fmt.Sprintf("the server's response broke off before the answer (%v)", err)
	}
	return &fault.Error{Code: fault.CodeInterrupted, Message: why + "; " + fault.Again(e), Data: &fault.Data{Outcome: fault.Unknown}}
}
