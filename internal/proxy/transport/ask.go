// SPDX-License-Identifier: MIT

package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/fault"
	"tailscale-mcp/internal/proxy/endpoint"
)

// postTime is how long the server may take to answer a POST once the answer to the
// message in it has come on the stream.
const postTime = time.Second

// maxLingering is how many POSTs may wait for that at once.
const maxLingering = 64

// posted is what became of a POST.
type posted struct {
	resp   *http.Response // a refusal; its body is not read
	answer []byte         // in the body of the POST; nil when it comes on the stream
	err    error          // it broke, or its body is too large
}

// ask posts the request msg, whose envelope is e, and waits for its answer.
func (s *stream) ask(ctx context.Context, e *jsonrpc.Envelope, h http.Header, msg []byte) (*http.Response, error) {
	w := s.wait(e.ID)
	if w == nil {
		return refusal(e, fault.InvalidRequest, "a request with this id is in flight"), nil
	}
	defer s.remove(w)
	// Not with ctx, which ends with the answer: net/http may fail the next request on a
	// connection whose last one is cancelled while it ends.
	posting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan posted, 1)
	s.client.o.Go(func() { done <- s.post(posting, w, h, msg) })
	for result := (<-chan posted)(done); ; {
		select {
		case answer := <-w.got:
			s.linger(result, cancel)
			return response(http.StatusOK, answer), nil
		case p := <-result:
			select {
			case answer := <-w.got: // which was here before
				cancel()
				if p.resp != nil {
					_ = p.resp.Body.Close()
				}
				return response(http.StatusOK, answer), nil
			default:
			}
			switch {
			case p.err != nil:
				cancel()
				return nil, s.unposted(p.err, e)
			case p.answer != nil:
				cancel()
				return response(http.StatusOK, p.answer), nil
			case p.resp != nil:
				p.resp.StatusCode = s.noted(p.resp.StatusCode)
				context.AfterFunc(ctx, cancel)
				p.resp.Body = &cancelled{p.resp.Body, cancel}
				return p.resp, nil
			}
			result = nil
		case <-s.ended:
			cancel()
			select {
			case answer := <-w.got:
				return response(http.StatusOK, answer), nil
			default:
			}
			return nil, s.lost(e)
		case <-ctx.Done():
			cancel()
			return nil, ctx.Err()
		}
	}
}

// linger ends a POST whose message was answered, once it is answered itself, that took too
// long, or the stream ends: its connection can then be used again. done is nil when that was
// so before.
func (s *stream) linger(done <-chan posted, cancel context.CancelFunc) {
	if done == nil {
		cancel()
		return
	}
	slots := s.client.lingering
	select {
	case slots <- struct{}{}:
	default:
		cancel()
		return
	}
	s.client.o.Go(func() {
		defer func() { <-slots }()
		defer cancel()
		t := time.NewTimer(postTime)
		defer t.Stop()
		select {
		case p := <-done:
			if p.resp != nil {
				_ = p.resp.Body.Close()
			}
		case <-t.C:
		case <-s.ctx.Done():
		}
	})
}

// post sends msg, the request of w.
func (s *stream) post(ctx context.Context, w *waiter, h http.Header, msg []byte) posted {
	resp, err := s.at.Post(ctx, h, msg)
	if err != nil {
		return posted{err: err}
	}
	if resp.StatusCode > 299 {
		return posted{resp: resp}
	}
	defer func() { _ = resp.Body.Close() }()
	// Some servers put the answer into this response.
	switch endpoint.MediaType(resp) {
	case endpoint.TypeJSON:
	case endpoint.TypeEvents:
		er := jsonrpc.NewEventReader(resp.Body, s.client.o.MaxMessage)
		defer er.Close()
		for {
			ev, err := er.Next()
			switch {
			case errors.Is(err, io.EOF):
				return posted{}
			case err != nil:
				return posted{err: err} // the answer may have been on it
			case !s.message(ev.Data):
				return posted{}
			}
		}
	default:
		endpoint.Discard(resp.Body)
		return posted{}
	}
	body, err := jsonrpc.ReadAll(resp.Body, resp.ContentLength, s.client.o.MaxMessage)
	if err != nil {
		return posted{err: err} // it may have been the answer
	}
	body = bytes.Trim(body, jsonrpc.Space)
	said, err := jsonrpc.Scan(body)
	if err != nil {
		return posted{}
	}
	switch said.Kind() {
	case jsonrpc.Response:
		if jsonrpc.IDKey(said.ID) != jsonrpc.IDKey(w.id) && !jsonrpc.SameRounded(said.ID, w.id) {
			return posted{}
		}
	case jsonrpc.ErrorWithoutID:
	default:
		return posted{}
	}
	return posted{answer: body}
}

// unposted returns the error of a request e whose POST failed with err.
func (s *stream) unposted(err error, e *jsonrpc.Envelope) error {
	if errors.Is(err, jsonrpc.ErrTooLarge) {
		return &fault.Error{Code: fault.CodeTooLarge, Message: "the server's answer is larger than the limit; see --max-message; " + fault.Again(e), Data: &fault.Data{Outcome: fault.Unknown}}
	}
	select {
	case <-s.ended:
		if f := s.at.Failure(err, e); f.Data != nil && f.Data.Outcome == fault.Unknown {
			return s.lost(e)
		}
	default:
	}
	return s.client.Endpoint.Failure(err, e)
}

// lost returns the error of a request e that was under way when the stream ended.
func (s *stream) lost(e *jsonrpc.Envelope) error {
	f := &fault.Error{Code: fault.CodeInterrupted, Data: &fault.Data{Outcome: fault.Unknown}}
	f.Message = fmt.Sprintf("%v before the answer; %s", s.over(), fault.Again(e))
	if errors.Is(s.err, jsonrpc.ErrTooLarge) {
		f.Code = fault.CodeTooLarge
		f.Message = "an answer of the server is larger than the limit, which ended its event stream; see --max-message; " + fault.Again(e)
	}
	return f
}

// cancelled is a body that ends its request when it is closed.
type cancelled struct {
	body
	cancel context.CancelFunc
}

func (c *cancelled) Close() error {
	defer c.cancel()
	return c.body.Close()
}
