// SPDX-License-Identifier: MIT

package fakeapi

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// play lets a fault occur. effect does what is asked and returns the answer that
// would have been given.
func (s *Server) play(w http.ResponseWriter, r *http.Request, f Fault, effect func() answer) {
	var a answer
	if f.afterEffect {
		a = effect()
	}
	switch f.kind {
	case faultWait:
		if !s.wait(r, f) {
			return // nobody is there any more
		}
		if !f.afterEffect {
			a = effect()
		}
		write(w, a)
	case faultCut:
		cut()
	case faultTruncate:
		setHeader(w, a)
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		cut()
	case faultTruncateRaw:
		conn, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			cut()
		}
		defer conn.Close()
		fmt.Fprintf(buffer, "HTTP/1.0 %d OK\r\nContent-Type: %s\r\n\r\n", a.status, a.contentType)
		_, _ = buffer.Write(a.body[:len(a.body)/2])
		_ = buffer.Flush()
	case faultEdit:
		f.edit(&a)
		write(w, a)
	default:
		write(w, answer{status: f.status, contentType: f.contentType, header: f.header, body: []byte(f.body)})
	}
}

// wait waits as the fault says. It reports whether the client is still there.
func (s *Server) wait(r *http.Request, f Fault) bool {
	var after <-chan time.Time
	if f.held == nil {
		timer := time.NewTimer(f.delay)
		defer timer.Stop()
		after = timer.C
	}
	select {
	case <-after:
	case <-f.held:
	case <-s.done:
	case <-r.Context().Done():
		return false
	}
	return true
}

// cut ends the request by closing its connection.
func cut() { panic(http.ErrAbortHandler) }
