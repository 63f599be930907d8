// SPDX-License-Identifier: MIT

package hostile

import (
	"context"
	"net/http"
	"time"
)

const sessionHeader = "Mcp-Session-Id"

// streamable answers a message by Streamable HTTP.
func (s *Server) streamable(w http.ResponseWriter, r *http.Request) {
	q, ok := s.read(w, r)
	if !ok {
		return
	}
	if !s.o.Modern && q.Method == "initialize" {
		w.Header().Set(sessionHeader, s.begin(nil))
	} else if _, known := s.known(r.Header.Get(sessionHeader)); !known && !s.o.Modern {
		status := http.StatusNotFound
		if r.Header.Get(sessionHeader) == "" {
			status = http.StatusBadRequest
		}
		http.Error(w, `{"jsonrpc":"2.0","error":{"code":-32001,"message":"no such session"}}`, status)
		return
	}
	if q.ID == nil || q.Method == "" {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	x := &exchange{s: s, ctx: ctx, w: w, r: r, request: q, answer: s.right(q)}
	if fault := s.meets(q, false); fault != nil {
		fault(x)
		return
	}
	if s.heads() {
		x.json(x.answer)
		return
	}
	x.begin()
	x.event(x.answer)
}

// listen holds the stream of a session open on which nothing is said.
func (s *Server) listen(w http.ResponseWriter, r *http.Request) {
	if _, known := s.known(r.Header.Get(sessionHeader)); !known {
		http.NotFound(w, r)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	x := &exchange{s: s, ctx: ctx, w: w, r: r}
	x.begin()
	<-ctx.Done()
}

// json answers with one message.
func (x *exchange) json(text []byte) {
	x.w.Header().Set("Content-Type", "application/json")
	_, _ = x.w.Write(text)
}

// begin begins an event stream.
func (x *exchange) begin() {
	x.w.Header().Set("Content-Type", "text/event-stream")
	x.w.WriteHeader(http.StatusOK)
	x.flush()
}

// event writes an event; false when nobody reads any more.
func (x *exchange) event(data []byte) bool {
	return x.write("event: message\ndata: ", string(data), "\n\n")
}

// write writes texts as they are; false when nobody reads any more.
func (x *exchange) write(texts ...string) bool {
	for _, text := range texts {
		if _, err := x.w.Write([]byte(text)); err != nil {
			return false
		}
	}
	return x.flush()
}

func (x *exchange) flush() bool { return http.NewResponseController(x.w).Flush() == nil }

// pause waits; false when the request is over.
func (x *exchange) pause(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-x.ctx.Done():
		return false
	}
}

// cut ends the connection in the middle of whatever was said.
func (x *exchange) cut() { panic(http.ErrAbortHandler) }
