// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// resumable begins the ids of events after which a stream can be resumed;
	// the id of the request follows.
	resumable = "rest-of-"
	// refusalCode and refusalText are the error in an HTTP 403.
	refusalCode = -31003
	refusalText = "no grant for this tool"
	// gateSize is how many calls the tool "gate" wants to have at once, and
	// gateLimit how long it waits for them.
	gateSize  = 256
	gateLimit = 20 * time.Second
	// exactNumbers is what the tool "exact" answers with, as bytes.
	exactNumbers = `"structuredContent":{"large":12345678901234567890,"one":1.0,"small":1e-7}`
	// unknownField is a field of results that no revision knows.
	unknownField = `"x-unknown":{"b":1,"a":2}`
)

// gate lets calls through when enough wait at once.
type gate struct {
	waiting int
	opened  bool
	open    chan struct{}
}

// troubles are the tools that are no fair weather. Each gives its whole answer.
var troubles = map[string]func(s *server, w http.ResponseWriter, r *http.Request, m *message){
	// exact answers with numbers that a float64 cannot hold, and with fields
	// that nobody knows.
	"exact": func(_ *server, w http.ResponseWriter, _ *http.Request, m *message) {
		result(w, m.ID, false, `"content":[],`+exactNumbers+`,`+unknownField)
	},
	// large answers with as many bytes of text as are asked for, unannounced.
	"large": func(_ *server, w http.ResponseWriter, _ *http.Request, m *message) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":`+string(m.ID)+`,"result":{"content":[{"type":"text","text":"`)
		for left := m.Params.Arguments.Size; left > 0; left -= len(filler) {
			_, _ = io.WriteString(w, filler[:min(left, len(filler))])
		}
		_, _ = io.WriteString(w, `"}]}}`)
	},
	// length answers with the number of bytes that its text has.
	"length": func(_ *server, w http.ResponseWriter, _ *http.Request, m *message) {
		result(w, m.ID, false, `"content":[{"type":"text","text":"`+strconv.Itoa(len(m.Params.Arguments.Text)-2)+`"}]`)
	},
	"forbidden": func(_ *server, w http.ResponseWriter, _ *http.Request, m *message) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":%d,"message":%q}}`, m.ID, refusalCode, refusalText)
	},
	"limited": func(_ *server, w http.ResponseWriter, _ *http.Request, _ *message) {
		w.Header().Set("Retry-After", "30")
		http.Error(w, "slow down", http.StatusTooManyRequests)
	},
	"broken": func(_ *server, w http.ResponseWriter, _ *http.Request, _ *message) {
		http.Error(w, "out of order", http.StatusInternalServerError)
	},
	// cut begins a stream and breaks the connection before the answer.
	"cut": func(_ *server, w http.ResponseWriter, _ *http.Request, _ *message) {
		breakOff(w, ": wait\n\n")
	},
	// resumed does so after an event id: the answer is behind a GET.
	"resumed": func(_ *server, w http.ResponseWriter, _ *http.Request, m *message) {
		breakOff(w, "retry: 50\nid: "+resumable+string(m.ID)+"\ndata:\n\n")
	},
	// slow answers when it is let.
	"slow": func(s *server, w http.ResponseWriter, r *http.Request, m *message) {
		s.change(func() { s.Slow = string(m.ID) })
		select {
		case <-s.release:
			result(w, m.ID, false, `"content":[]`)
		case <-r.Context().Done():
		}
	},
	// gate answers when enough of its calls wait, or one has waited long enough.
	"gate": func(s *server, w http.ResponseWriter, r *http.Request, m *message) {
		s.change(func() {
			s.gate.waiting++
			s.AtOnce = max(s.AtOnce, s.gate.waiting)
			if s.gate.waiting == gateSize {
				s.gate.let()
			}
		})
		defer s.change(func() { s.gate.waiting-- })
		late := time.AfterFunc(gateLimit, func() { s.change(s.gate.let) })
		defer late.Stop()
		select {
		case <-s.gate.open:
			result(w, m.ID, false, `"content":[]`)
		case <-r.Context().Done():
		}
	},
}

func (g *gate) let() {
	if !g.opened {
		g.opened = true
		close(g.open)
	}
}

// filler is text for large answers.
var filler = strings.Repeat("all work and no play makes a fine relay ", 25_000)

// breakOff sends the beginning of an event stream and closes the connection in
// the middle of the response.
func breakOff(w http.ResponseWriter, beginning string) {
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, beginning)
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
