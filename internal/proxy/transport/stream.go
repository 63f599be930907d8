// SPDX-License-Identifier: MIT

package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"tailscale-mcp/internal/jsonrpc"
	"tailscale-mcp/internal/jsonrpc/httpsse"
	"tailscale-mcp/internal/proxy/endpoint"
)

// stream is one stream of events, and the session that lives as long as it does.
type stream struct {
	client *Client
	id     string             // the session id, for the relay
	ctx    context.Context    // of the stream
	cancel context.CancelFunc // ends it
	url    *url.URL           // that it came from
	at     *endpoint.Endpoint // where messages are posted
	body   io.Closer
	events *jsonrpc.EventReader

	ended chan struct{} // closed once nothing more comes
	err   error         // why; set before ended is closed

	mu      sync.Mutex
	waiting map[string]*waiter // by jsonrpc.IDKey

	rest rest // what is no answer
}

// waiter is a request whose answer has not come.
type waiter struct {
	id  []byte
	got chan []byte // takes one
}

// errMoved ends a stream whose server names another place for messages: one that was
// told before may hold what is to be answered here.
var errMoved = errors.New("the server names a second place to send messages to")

// read passes on what comes on the stream until that ends.
func (s *stream) read() {
	err := s.pass()
	if s.ctx.Err() != nil {
		err = errors.New("the session is over")
	}
	s.client.o.Log.Debug("the event stream of the server ended", "session", s.id, "error", err)
	s.client.leave(s)
	s.err = err
	close(s.ended)
	s.rest.end(err)
	s.cancel()
	s.close()
}

// close frees what reading needs.
func (s *stream) close() {
	_ = s.body.Close()
	s.events.Close()
}

// end ends the stream. Those who wait for answers on it are told so.
func (s *stream) end() {
	s.client.leave(s)
	s.cancel()
}

// pass is read, until an error that is never nil.
func (s *stream) pass() error {
	for {
		ev, err := s.events.Next()
		if err != nil {
			return err
		}
		switch ev.Name {
		case "", httpsse.EventMessage:
			if !s.message(ev.Data) {
				return s.ctx.Err()
			}
		case httpsse.EventEndpoint:
			if to, err := httpsse.Resolve(s.url, ev.Data); err != nil || to.String() != s.at.URL.String() {
				return errMoved
			}
		}
	}
}

// message takes one message of the server. It reports false once the stream is to end.
func (s *stream) message(msg []byte) bool {
	msg = bytes.Trim(msg, jsonrpc.Space)
	e, err := jsonrpc.Scan(msg)
	if err != nil {
		s.client.o.Log.Warn("dropping an event of the server", "reason", err)
		return true
	}
	if e.Multiline {
		jsonrpc.OneLine(msg)
	}
	if e.Kind() == jsonrpc.Response {
		// What the server sent before the answer comes before it.
		if w := s.waiter(&e); w != nil {
			if !s.rest.settled(s.ctx) {
				return false
			}
			if s.remove(w) {
				w.got <- msg
			}
			return true
		}
	}
	if !s.rest.put(s.ctx, msg) {
		return false
	}
	return true
}

// waiter returns who waits for the response e: by its id, or by one that a server has
// rounded that keeps numbers as float64. Nil when nobody does.
func (s *stream) waiter(e *jsonrpc.Envelope) *waiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w := s.waiting[jsonrpc.IDKey(e.ID)]; w != nil {
		return w
	}
	var found *waiter
	for _, w := range s.waiting {
		if jsonrpc.SameRounded(e.ID, w.id) {
			if found != nil {
				return nil // which of them is not known
			}
			found = w
		}
	}
	return found
}

// wait enters a request. It returns nil when one with the same id waits already.
func (s *stream) wait(id []byte) *waiter {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := jsonrpc.IDKey(id)
	if s.waiting[key] != nil {
		return nil
	}
	w := &waiter{id: id, got: make(chan []byte, 1)}
	s.waiting[key] = w
	return w
}

// remove takes w out. It reports false when that was done before.
func (s *stream) remove(w *waiter) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := jsonrpc.IDKey(w.id)
	if s.waiting[key] != w {
		return false
	}
	delete(s.waiting, key)
	return true
}

// noted returns the status of a POST, and ends the stream if it says that the server
// knows it no more.
func (s *stream) noted(code int) int {
	if code == http.StatusNotFound || code == http.StatusGone {
		s.end()
		return http.StatusNotFound
	}
	return code
}

// over says why the stream ended.
func (s *stream) over() error {
	if errors.Is(s.err, io.EOF) {
		return errors.New("the server ended its event stream")
	}
	return fmt.Errorf("the event stream of the server broke off: %w", s.err)
}
