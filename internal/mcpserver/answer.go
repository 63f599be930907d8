// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"encoding/json"
	"net/http"
	"sync"
	"time"
)

// writeTimeout is how long one write may wait for a client that does not read.
const writeTimeout = 30 * time.Second

// answer is the response to one message: either one JSON body, or an event
// stream of notifications with the response as its last event. mcp-go writes
// its response through it as to any http.ResponseWriter.
//
// Notifications of a request are written here, at once and in order, and not
// through mcp-go's session channel: that loses the last ones when a handler
// returns right after sending, and sends some down another request's stream.
type answer struct {
	http.ResponseWriter
	m *message
	// standIn is the id mcp-go was given instead of m.id, see exactID.
	standIn string
	// failure replaces the error that mcp-go would write: it reports whatever
	// a handler returns as -32603.
	failure *failure
	// begun is closed when the acknowledgement of a subscription is sent; nil
	// for other requests.
	begun chan struct{}

	mu        sync.Mutex
	streaming bool
	answered  bool
	// first is the acknowledgement until it is sent.
	first []byte
}

// notify sends a notification ahead of the response.
func (a *answer) notify(method string, params any) error {
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

// precede notes the acknowledgement of a subscription.
func (a *answer) precede(method string, params any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.first, _ = json.Marshal(notification{"2.0", method, params})
}

// preface sends the acknowledgement if it is due and not sent yet. mcp-go sends
// one too, but loses it when the response follows at once: so this takes the
// place of mcp-go's when that comes, and else precedes the response. The caller
// holds mu.
func (a *answer) preface() {
	if a.first == nil {
		return
	}
	text := a.first
	a.first = nil
	a.stream()
	_ = a.event(text)
	close(a.begun)
}

// keepAlive writes a comment, which readers of event streams ignore, so that a
// quiet stream is not taken for a dead one.
func (a *answer) keepAlive() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.streaming || a.answered {
		return nil
	}
	return a.write([]byte(":\n\n"))
}

// stream begins the event stream. The caller holds mu.
func (a *answer) stream() {
	if a.streaming {
		return
	}
	a.streaming = true
	h := a.ResponseWriter.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store") // mcp-go would let caches keep it
	h.Set("X-Accel-Buffering", "no")
	a.ResponseWriter.WriteHeader(http.StatusOK)
}

func (a *answer) event(text []byte) error {
	var b bytes.Buffer
	b.Grow(len(text) + 24)
	b.WriteString("event: message\ndata: ")
	b.Write(bytes.TrimRight(text, "\n"))
	b.WriteString("\n\n")
	return a.write(b.Bytes())
}

func (a *answer) write(p []byte) error {
	c := http.NewResponseController(a.ResponseWriter)
	_ = c.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := a.ResponseWriter.Write(p); err != nil {
		return err
	}
	return c.Flush()
}

// WriteHeader implements http.ResponseWriter for mcp-go.
func (a *answer) WriteHeader(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.streaming:
		// Notifications went out with 200; the response is the last event.
	case a.Header().Get("Content-Type") == "text/event-stream":
		a.stream()
	default:
		if a.failure != nil && a.m.modern {
			status = a.failure.status
		}
		a.ResponseWriter.WriteHeader(status)
		a.answered = true // the body follows, and nothing may come between
	}
}

// Write implements http.ResponseWriter for mcp-go, which hands over either one
// whole JSON body or one whole event per call. A client that has gone is not
// reported back: mcp-go would log as an error what is nobody's.
func (a *answer) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if data, ok := bytes.CutPrefix(p, []byte("event: message\ndata: ")); ok {
		method := methodOf(data)
		if method == "" || method == acknowledged {
			a.preface()
		}
		if a.answered || method == acknowledged {
			return len(p), nil
		}
		a.answered = method == ""
		_ = a.event(a.original(data))
		return len(p), nil
	}
	text := a.original(p)
	if a.failure != nil {
		replaced, err := json.Marshal(errorResponse{"2.0", a.m.id, a.failure})
		if err != nil {
			return 0, err
		}
		text = replaced
	}
	a.answered = true
	if a.streaming {
		_ = a.event(text)
		return len(p), nil
	}
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(writeTimeout))
	_, _ = a.ResponseWriter.Write(text)
	return len(p), nil
}

// original puts the client's own id back where mcp-go wrote the stand-in.
func (a *answer) original(text []byte) []byte {
	if a.standIn == "" {
		return text
	}
	return bytes.ReplaceAll(text, []byte(a.standIn), a.m.id)
}

// methodOf returns the method of a message; a response has none.
func methodOf(text []byte) string {
	var m struct {
		Method string `json:"method"`
	}
	_ = json.Unmarshal(text, &m)
	return m.Method
}

// Flush implements http.Flusher; without it mcp-go would not stream.
func (a *answer) Flush() {
	a.mu.Lock()
	defer a.mu.Unlock()
	_ = http.NewResponseController(a.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController find the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// finish sends last if nobody answered: a request never ends without one.
func (a *answer) finish(last any) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.answered || a.m.id == nil {
		return
	}
	a.preface()
	a.answered = true
	text, err := json.Marshal(last)
	if err != nil {
		return
	}
	if a.streaming {
		_ = a.event(text)
		return
	}
	a.Header().Set("Content-Type", "application/json")
	_ = a.write(text)
}

// notification is a JSON-RPC message that wants no response.
type notification struct {
	JSONRPC string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitempty"`
}
