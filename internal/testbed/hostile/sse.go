// SPDX-License-Identifier: MIT

package hostile

import (
	"context"
	"net/http"
	"time"
)

// stream is that of a session by HTTP+SSE.
type stream struct {
	says chan func(*exchange) // run by who writes the stream
	gone chan struct{}        // closed at its end
}

// open is the stream of a client by HTTP+SSE: first where to send messages to, then the
// answers.
func (s *Server) open(w http.ResponseWriter, r *http.Request) {
	t := &stream{says: make(chan func(*exchange)), gone: make(chan struct{})}
	id := s.begin(t)
	defer s.forget(id)
	defer close(t.gone)
	x := &exchange{s: s, ctx: r.Context(), w: w, r: r}
	x.begin()
	x.write("event: endpoint\ndata: /messages?session=" + id + "\n\n")
	beat := time.NewTicker(15 * time.Second) // as proxies want it
	defer beat.Stop()
	for {
		select {
		case say := <-t.says:
			say(x)
		case <-beat.C:
			x.write(": still here\n\n")
		case <-r.Context().Done():
			return
		}
	}
}

// message takes a message by HTTP+SSE.
func (s *Server) message(w http.ResponseWriter, r *http.Request) {
	t, known := s.known(r.URL.Query().Get("session"))
	if !known || t == nil {
		http.NotFound(w, r)
		return
	}
	q, ok := s.read(w, r)
	if !ok {
		return
	}
	if q.ID == nil || q.Method == "" {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), patience)
	defer cancel()
	x := &exchange{s: s, ctx: ctx, w: w, r: r, request: q, answer: s.right(q), stream: t}
	if fault := s.meets(q, true); fault != nil {
		fault(x)
		return
	}
	x.accept()
	x.say(func(on *exchange) { on.event(x.answer) })
}

// accept is the answer to the POST.
func (x *exchange) accept() {
	x.w.WriteHeader(http.StatusAccepted)
	x.flush()
}

// say has something said on the stream.
func (x *exchange) say(what func(on *exchange)) {
	select {
	case x.stream.says <- what:
	case <-x.stream.gone:
	case <-x.ctx.Done():
	}
}
