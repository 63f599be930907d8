// SPDX-License-Identifier: MIT

package remote_test

import (
	"net/http"
	"testing"
	"time"

	"tailscale-mcp/internal/testbed/elsewhere"
)

// TestPostNotTaken: a server of HTTP+SSE that answers a call on its stream and never takes
// the POST keeps none of the requests that a session may have open.
func TestPostNotTaken(t *testing.T) {
	ended := make(chan struct{}, 1)
	server := &elsewhere.Server{Old: true, Before: func(w http.ResponseWriter, _ *http.Request, m elsewhere.Message) bool {
		w.(*notTaken).call = m.Method == "tools/call"
		return false
	}}
	p := mustOpen(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		own := &notTaken{ResponseWriter: w}
		server.ServeHTTP(own, r)
		if own.call {
			<-r.Context().Done()
			ended <- struct{}{}
		}
	}), nil)
	if _, err := call(t.Context(), p, "echo"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Error("the POST is open still")
	}
}

// notTaken is a response that is never written where it is that to a call.
type notTaken struct {
	http.ResponseWriter

	call bool
}

func (w *notTaken) WriteHeader(status int) {
	if !w.call {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *notTaken) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// FlushError is that of [http.ResponseController].
func (w *notTaken) FlushError() error {
	if w.call {
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}
