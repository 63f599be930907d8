// SPDX-License-Identifier: MIT

package metrics

import (
	"net/http"
	"time"
)

var (
	// limits are those that a request can meet.
	limits = []string{"connections", "calls", "streams", "requests", "body", "answer", "idle"}
	paths  = []string{"/mcp", "/metrics", "/healthz"}
)

func (m *Metrics) defineHTTP() {
	m.limited = m.counter("limited_total",
		"Connections and requests that were refused or ended because of a limit, by which.", "limit")
	for _, limit := range limits {
		m.limited.WithLabelValues(limit)
	}
	m.requests = m.counter("http_requests_total",
		"HTTP requests that have ended: the path, and the class of the status, or none where the client had gone before an answer.", "path", "status")
	m.requestTook = m.histogram("http_request_duration_seconds",
		"How long HTTP requests took, by path. A stream takes as long as it is open.",
		[]float64{0.005, 0.025, 0.1, 0.5, 1, 5, 15, 60}, "path")
}

// Limited counts what was refused or ended because of a limit: connections,
// calls, streams, requests, body or idle.
func (m *Metrics) Limited(limit string) { m.limited.WithLabelValues(among(limit, limits)).Inc() }

// Served counts an HTTP request that has ended. A status of zero is no answer.
func (m *Metrics) Served(path string, status int, took time.Duration) {
	path = among(path, paths)
	m.requests.WithLabelValues(path, class(status)).Inc()
	m.requestTook.WithLabelValues(path).Observe(took.Seconds())
}

// HTTP returns a handler that counts the requests that next serves at path.
func (m *Metrics) HTTP(path string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, begun, returned := &answered{ResponseWriter: w}, time.Now(), false
		// Deferred, since a handler that panics has ended too.
		defer func() {
			if a.status == 0 && returned && r.Context().Err() == nil {
				a.status = http.StatusOK // what net/http sends then
			}
			m.Served(path, a.status, time.Since(begun))
		}()
		next.ServeHTTP(a, r)
		returned = true
	})
}

// answered sees the status that passes.
type answered struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter. What is below 200 comes before an
// answer.
func (a *answered) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *answered) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (a *answered) Flush() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	_ = http.NewResponseController(a.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController: deadlines pass through.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }
