// SPDX-License-Identifier: MIT

// Package response writes the response to one message of Streamable HTTP: one JSON body, or
// an event stream with notifications before it. It knows HTTP, and nothing of what it
// writes.
package response

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"tailscale-mcp/internal/front"
)

// Response is the response to one message: either one JSON body, or an event
// stream of notifications with the response as its last event.
type Response struct {
	http.ResponseWriter

	mu        sync.Mutex
	streaming bool
	answered  bool
}

// Open begins an event stream before there is anything to say, so that the client knows
// that it has it.
func (a *Response) Open() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stream()
	return a.write([]byte(":\n\n"))
}

// Notify sends a notification ahead of the response.
func (a *Response) Notify(method string, params any) error {
	text, err := json.Marshal(notification{"2.0", method, params})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answered {
		return http.ErrBodyNotAllowed // a late one has no stream to go to
	}
	a.stream()
	return a.event(text)
}

// Request sends the client a question ahead of the response, with an id of ours.
func (a *Response) Request(id, method string, params json.RawMessage) error {
	text, err := json.Marshal(request{"2.0", id, method, params})
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answered {
		return http.ErrBodyNotAllowed
	}
	a.stream()
	return a.event(text)
}

// KeepAlive writes a comment, which readers of event streams ignore, so that a
// quiet stream is not taken for a dead one.
func (a *Response) KeepAlive() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.streaming || a.answered {
		return nil
	}
	return a.write([]byte(":\n\n"))
}

// stream begins the event stream. The caller holds mu.
func (a *Response) stream() {
	if a.streaming {
		return
	}
	a.streaming = true
	h := a.ResponseWriter.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	a.ResponseWriter.WriteHeader(http.StatusOK)
}

// event writes one JSON text. An end of a line in it would end the event, and what
// follows might pass for another; in JSON it is white space and nothing else.
func (a *Response) event(text []byte) error {
	const begin, end = "event: message\ndata: ", "\n\n"
	b := append(append(make([]byte, 0, len(begin)+len(text)+len(end)), begin...), text...)
	for i, c := range b[len(begin):] {
		if c == '\n' || c == '\r' {
			b[len(begin)+i] = ' '
		}
	}
	return a.write(append(b, end...))
}

func (a *Response) write(p []byte) error {
	c := http.NewResponseController(a.ResponseWriter)
	_ = c.SetWriteDeadline(time.Now().Add(front.WriteTimeout))
	if _, err := a.ResponseWriter.Write(p); err != nil { //nolint:gosec // JSON or an event stream: no browser takes it for a page
		return err
	}
	return c.Flush()
}

// Send sends the response, given in parts, as one body or as the last event of the
// stream. The status is for a body; zero means 200. What comes after the response is dropped: a
// client that has gone is nobody's error.
func (a *Response) Send(status int, parts ...[]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answered {
		return
	}
	a.answered = true
	if a.streaming {
		_ = a.event(slices.Concat(parts...))
		return
	}
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	h := a.ResponseWriter.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(size))
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(front.WriteTimeout))
	a.ResponseWriter.WriteHeader(cmp.Or(status, http.StatusOK))
	for _, part := range parts {
		_, _ = a.ResponseWriter.Write(part) //nolint:gosec // JSON with its type, and nosniff
	}
}

// Accept answers what wants no response.
func (a *Response) Accept() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answered {
		return
	}
	a.answered = true
	a.ResponseWriter.WriteHeader(http.StatusAccepted)
}

// notification is a JSON-RPC message that wants no response.
type notification struct {
	JSONRPC string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitempty"`
}

// request is a JSON-RPC message that wants a response.
type request struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      string          `json:"id"`
	Method  string          `json:"method"`
	Params  json.RawMessage `json:"params,omitempty"`
}
