// SPDX-License-Identifier: MIT

package mcpserver

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"time"
)

// The stages that keep one client from harming the others, whoever it is.

// recovered keeps one broken request from ending everybody's server.
func (s *Server) recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				s.logPanic(p)
				refuse(w, http.StatusInternalServerError, "the server failed while answering")
			}
		}()
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		next.ServeHTTP(w, r)
	})
}

// logPanic passes on the one panic that has a meaning to net/http.
func (s *Server) logPanic(p any) {
	if p == http.ErrAbortHandler { //nolint:errorlint // a panic gives back the very value
		panic(p)
	}
	s.o.Log.Error("panic while serving", "panic", p, "stack", string(debug.Stack()))
}

// limitTime bounds how long a request may take to arrive and its refusal to
// leave. It holds for requests that no later stage reads, too: net/http reads on
// behind them for as long as it is let. Whoever reads a body lifts the bound
// from the reading, and whoever writes an answer sets one of its own.
func (s *Server) limitTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		end := time.Now().Add(s.o.BodyTime)
		_ = c.SetReadDeadline(end)
		_ = c.SetWriteDeadline(end.Add(writeTimeout))
		next.ServeHTTP(w, r)
	})
}

// limitSize refuses a body that is announced too large before a byte of it is
// read, and bounds one that is not announced. MaxBytesHandler changes a copy of
// the request: net/http looks at the body of its own to tell whether a client
// still waits for 100 Continue, and would wait with it.
func (s *Server) limitSize(next http.Handler) http.Handler {
	bounded := http.MaxBytesHandler(next, s.o.MaxBody)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength > s.o.MaxBody {
			s.refuseSize(w)
			return
		}
		bounded.ServeHTTP(w, r)
	})
}

func (s *Server) refuseSize(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	refuse(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body is larger than %d bytes: send less at once", s.o.MaxBody))
}

// readBody reads the whole body, which is bounded in size and time by now, or
// refuses the request.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) (body []byte, ok bool) {
	var b bytes.Buffer
	// What is announced may never come, so it reserves little.
	b.Grow(int(min(max(r.ContentLength, 0), 64<<10)) + bytes.MinRead)
	_, err := b.ReadFrom(r.Body)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		s.refuseSize(w)
	case errors.Is(err, os.ErrDeadlineExceeded):
		w.Header().Set("Connection", "close")
		refuse(w, http.StatusRequestTimeout, "the body did not arrive in time")
	case err != nil:
		reject(w, nil, parseError("it did not arrive whole"))
	default:
		// From here on reading only serves to notice that the client hangs up.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	}
	return b.Bytes(), err == nil
}
